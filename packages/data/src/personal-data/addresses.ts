import type { PersonalDatum } from "./kinds.js";

/** Words after which an address is somebody's own, and not that of a shop. */
const OWN_ADDRESS =
  /(?:收货地址|收件地址|家庭地址|家庭住址|住址|我的地址|联系地址|邮寄地址|寄送地址|通讯地址|户籍地址|现住|我家住?|家住|我住|住在|家在|寄到|寄往|送到|送货到|配送到|快递到|搬到)(?:是|为|在|:|改成|改为| ){0,2}/g;

/** The door of a flat: only who lives or works behind it has such an address. */
const DOOR = /\d{1,5}(?:室|户|房(?!间|型|价|费|源))|单元\d{1,4}|\d{1,4}单元/g;

const PART = /[\p{Script=Han}A-Za-z0-9#\-()]/u;
const STREET = /[省市区县镇乡村路街道巷弄里苑园庄坊]|胡同|小区|大厦|公寓|广场/;
const HOUSE = /\d(?:号|弄|栋|幢|座|楼|单元|室|户|房)|号楼/;
const MOST_CHARACTERS = 60;

/** What is said before an address without being part of it. */
const LEAD =
  /^.*(?:地址|住址|住在|家住|我住|家在|寄到|寄往|送到|送往|送货到|配送到|快递到|搬到|我家|就在|位于|改成|改为|麻烦|(?<=[^\p{Script=Han}]|^)在)(?:是|为|在|:)?/u;

/** Cities and provinces with which an address may begin, in the middle of a sentence. */
const REGION =
  /(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|深圳|广州|杭州|南京|武汉|成都|西安|苏州|郑州|长沙|青岛|大连|厦门|宁波|沈阳|济南|哈尔滨|福州|昆明|合肥|无锡|佛山|东莞)/;

const ENGLISH_STREET =
  /(?<![\w.-])\d{1,5}[A-Z]? (?:[NSEW]\.? )?(?:[A-Z][a-z]{1,20} |\d{1,3}(?:st|nd|rd|th) ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Close|Crescent|Terrace|Square|Sq|Gardens|Grove)\b\.?((?:,? ?(?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?[0-9A-Z]{1,6})?(?:, [A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20}){0,2}){0,2}(?:,? (?:[A-Z]{2} )?(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}))?)/g;

const ENGLISH_OWN =
  /(?:my (?:home |new |current |shipping |billing |mailing )?address|(?:home|shipping|billing|mailing|delivery) address|i live|we live|living at|ship(?:ped)? (?:it )?to|deliver(?:ed)? (?:it )?to|send (?:it )?to|moved to|reside)[^.!?\n]{0,24}$/i;

/** Finds addresses of people: those that are said to be, and those with the door of a flat. @param text as `foldText` gives it */
export function findAddresses(text: string): PersonalDatum[] {
  const found: PersonalDatum[] = [];
  const add = (start: number, end: number): void => {
    const address = text.slice(start, end);
    found.push({ kind: "address", start, end, value: address.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase() });
  };

  for (const { 0: words, index } of text.matchAll(OWN_ADDRESS)) {
    const start = index + words.length;
    let end = start;
    while (end < text.length && end - start < MOST_CHARACTERS && PART.test(text[end])) end += 1;
    end = start + ownLength(text.slice(start, end));
    const address = text.slice(start, end);
    if (address.length >= 6 && STREET.test(address) && HOUSE.test(address)) add(start, end);
  }

  for (const { 0: door, index } of text.matchAll(DOOR)) {
    const behind = index + door.length;
    if (/^(?:商铺|店|铺|门面)/.test(text.slice(behind, behind + 2))) continue; // a shop has a door too, and says so
    let start = index;
    while (start > 0 && index - start < MOST_CHARACTERS && PART.test(text[start - 1])) start -= 1;
    const before = text.slice(start, index);
    const lead = LEAD.exec(before)?.[0].length ?? 0;
    const region = REGION.exec(before.slice(lead))?.index ?? 0;
    start += lead + (region <= 8 ? region : 0);
    const address = text.slice(start, behind);
    if (
      address.length >= 8 &&
      /[路街道巷弄村苑园庄]|胡同|小区|大厦|公寓/.test(address) &&
      HOUSE.test(address)
    ) {
      add(start, behind);
    }
  }

  for (const { 0: street, 1: more, index } of text.matchAll(ENGLISH_STREET)) {
    const isFull = /Apt|Apartment|Unit|Flat|\b\d{5}|[A-Z]\d[A-Z0-9]? ?\d[A-Z]{2}/.test(more);
    if (isFull || ENGLISH_OWN.test(text.slice(Math.max(0, index - 60), index)))
      add(index, index + street.length);
  }
  return found;
}

/** An address ends behind its last number with a word for a part of a house, if it names one. */
function ownLength(run: string): number {
  let length = run.length;
  const last = [...run.matchAll(/\d{1,5}(?:号楼|号院|号|弄|栋|幢|座|楼|层|单元|室|户|房)?|号楼/g)].at(-1);
  if (last !== undefined) length = last.index + last[0].length;
  return length;
}
