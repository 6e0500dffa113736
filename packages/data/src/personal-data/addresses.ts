import type { PersonalDatum } from "./kinds.js";

/** Words after which an address is somebody's own, and not that of a shop. */
const OWN_ADDRESS =
  /(?:(?:收货|收件|寄件|取件|退货|送货|寄送|邮寄|派送|配送|家庭|家里|住家|联系|通讯|户籍|户口|现居|居住|上门|维修|安装|保洁|服务|公司|单位|我的|新|旧|老)(?:的)?(?:地址|住址)|(?:地址|住址)(?:帮我|麻烦|需要|请|要|想)?(?:改|更改|修改|换|更换|变更|更新)(?:成|为|到)|住址|住处|住所|户口所在地|户籍所在地|籍贯|现住|我们?家?住|我家|家住|住在|(?:老家|家|公司|单位)(?:就)?在|我(?:们)?(?:现在)?(?:就)?在|现在在|搬到|(?:快递|包裹|东西|件|货)?(?:寄到|寄往|寄回|寄去|寄|发到|发往|送到|送去|送货到|配送到|派送到|投递到|快递到|邮到|放在|放到|改到)|(?:快递|包裹|东西)放)(?:填错了|写错了|有误|变更|变了|换了)?(?:应该|公司|现在)?(?:是|为|在|:|,|改成|改为|改到| ){0,3}(?:应该是)?/g;

/** The door of a flat: only who lives or works behind it has such an address. */
const DOOR =
  /\d{1,5}(?:室|户|房(?!间|型|价|费|源))|单元\d{1,4}|\d{1,4}单元|(?:栋|幢|号楼|[A-Z]座|\d座|塔)(?:\d{1,2}门)?\d{3,4}(?![\d元块米层号])/g;

const PART = /[\p{Script=Han}A-Za-z0-9#\-()]/u;
const STREET = /[省市区县镇乡村路街道巷弄里苑园庄坊]|胡同|小区|大厦|公寓|广场/;
const HOUSE =
  /\d(?:号(?![口线门航厅窗车出])|弄|栋|幢|座|楼|单元|室|户|房|组|门)|号楼|[栋幢座塔]\d|\d-(?:\d{1,3}-\d|[A-Z]\d)\d{1,3}/;
const MOST_CHARACTERS = 60;

/** What is said before an address without being part of it. */
const LEAD =
  /^.*(?:地址|住址|住在|家住|我住|家在|寄到|寄往|寄回|寄|送到|送往|送货到|配送到|快递到|搬到|发到|发往|改到|放在|我家|就在|位于|改成|改为|麻烦|(?<=[^\p{Script=Han}]|^)在)(?:是|为|在|:)?/u;

/** Words that speak of an address rather than being in it. */
const BEHIND =
  /[我你您他她请谢要买等吧吗呢的了就把给让帮想]|麻烦|电话|手机|人均|周围|周边|附近|旁边|对面|楼下|门口|收件|收货|联系|可以|不是|没有|地铁|[收取](?:$|[^\p{Script=Han}])/u;

/** Cities and provinces with which an address may begin, in the middle of a sentence. */
const REGION =
  /(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|深圳|广州|杭州|南京|武汉|成都|西安|苏州|郑州|长沙|青岛|大连|厦门|宁波|沈阳|济南|哈尔滨|福州|昆明|合肥|无锡|佛山|东莞)/;

const ENGLISH_WORD = "[A-Z][a-z]{1,20}";
const ENGLISH_UNIT = "(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|#)\\.? ?[0-9A-Z]{1,6}";
const STATE_AND_CODE =
  "(?:,? (?:[A-Z]{2} )?(?:\\d{5}(?:-\\d{4})?(?!\\d)|[A-Z]{1,2}\\d[A-Z0-9]? ?\\d[A-Z]{2}(?![A-Z0-9]))|, [A-Z]{2}(?![A-Za-z]))";
const TOWN = `, ${ENGLISH_WORD}(?: ${ENGLISH_WORD}){0,2}`;
const ENGLISH_STREET = new RegExp(
  `(?<![\\w.-])(?:${ENGLISH_UNIT}, )?\\d{1,5}[A-Z]? (?:[NSEW]\\.? )?(?:${ENGLISH_WORD} |\\d{1,3}(?:st|nd|rd|th) ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Close|Crescent|Terrace|Square|Sq|Gardens|Grove|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Row|Mews|Walk|Hill|Quay|Wharf)\\b\\.?(?: (?:North|South|East|West|[NSEW]))?(?![a-z])((?:(?:,? ?${ENGLISH_UNIT})?(?:${TOWN})?){0,2}${STATE_AND_CODE}?)`,
  "g",
);
const POST_BOX = new RegExp(
  `(?<![A-Za-z])P\\.? ?O\\.? ?Box \\d{1,6}(?!\\d)(?:${TOWN})?${STATE_AND_CODE}?`,
  "gi",
);

const ENGLISH_OWN =
  /(?:my (?:home |new |old |current |shipping |billing |mailing )?(?:address|place|house|flat|home)|(?:home|shipping|billing|mailing|delivery) address|\b(?:i|we) (?:now )?live|living at|\b(?:ship|deliver|send|post|mail|forward|return|bill|redirect)(?:ed|s)? (?:[a-z]+ ){0,3}to|\b(?:collect|pick(?:ed)? up) (?:[a-z]+ ){0,3}(?:from|at)|moved to|(?:courier|driver|parcel|package) (?:[a-z]+ )?(?:went|came|was (?:sent|left)) (?:to|at)|resid(?:e|ing))[^.!?\n]{0,24}$/i;

/** Finds addresses of people: those that are said to be, and those with the door of a flat. @param text as `foldText` gives it */
export function findAddresses(text: string): PersonalDatum[] {
  const found: PersonalDatum[] = [];
  const add = (start: number, end: number): void => {
    const address = text.slice(start, end);
    found.push({ kind: "address", start, end, value: address.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase() });
  };

  if (/\d/.test(text)) {
    for (const { 0: words, index } of text.matchAll(OWN_ADDRESS)) {
      const start = index + words.length;
      let end = start;
      while (end < text.length && end - start < MOST_CHARACTERS && PART.test(text[end])) end += 1;
      end = start + ownLength(text.slice(start, end));
      const address = text.slice(start, end);
      if (address.length >= 6 && STREET.test(address) && HOUSE.test(text.slice(start, end + 1)))
        add(start, end);
    }
    for (const { 0: door, index } of text.matchAll(DOOR)) addWithDoor(text, index, door, add);
  }

  if (/\d[A-Z]? (?:[A-Z]|\d{1,3}[a-z]{2})/.test(text)) {
    for (const { 0: street, 1: more, index } of text.matchAll(ENGLISH_STREET)) {
      const isFull =
        /^(?:Apt|Unit|Flat|Suite)|Apt|Apartment|Unit|Flat|\b\d{5}|[A-Z]\d[A-Z0-9]? ?\d[A-Z]{2}/.test(
          /^\d/.test(street) ? more : street,
        );
      if (isFull || ENGLISH_OWN.test(text.slice(Math.max(0, index - 60), index)))
        add(index, index + street.length);
    }
  }
  if (/box/i.test(text)) {
    for (const { 0: box, index } of text.matchAll(POST_BOX)) add(index, index + box.length);
  }
  return found;
}

/** Takes the address around the door of a flat, where it is one. */
function addWithDoor(
  text: string,
  index: number,
  door: string,
  add: (start: number, end: number) => void,
): void {
  const behind = index + door.length;
  if (/^(?:商铺|店|铺|门面)/.test(text.slice(behind, behind + 2))) return; // a shop has a door too, and says so
  let start = index;
  while (start > 0 && index - start < MOST_CHARACTERS && PART.test(text[start - 1])) start -= 1;
  const before = text.slice(start, index);
  const lead = LEAD.exec(before)?.[0].length ?? 0;
  const region = REGION.exec(before.slice(lead))?.index ?? 0;
  start += lead + (region <= 8 ? region : 0);
  const address = text.slice(start, behind);
  if (address.length < 8 || !/[路街道巷弄村苑园庄]|胡同|小区|大厦|公寓/.test(address) || !HOUSE.test(address))
    return;
  const more =
    /^(?:室|户|房(?![间型价费]))?(?:\d{0,2}层)?(?:[东西南北中]户|\d{1,4}(?:室|房|户|号)?(?![\d元块米]))?/.exec(
      text.slice(behind, behind + 8),
    );
  add(start, behind + (more?.[0].length ?? 0));
}

/** An address ends behind its last number with a word for a part of a house, if it names one. */
function ownLength(run: string): number {
  const spoken = BEHIND.exec(run);
  const part = spoken === null ? run : run.slice(0, spoken.index);
  const last = [
    ...part.matchAll(
      /[A-Z]?\d{1,5}(?:[A-Z](?![A-Za-z]))?(?:号楼|号院|号|弄|栋|幢|座|塔|楼|层|单元|室|户|房|组|门)?(?:[东西南北中](?:户|侧|单元))?|号楼/g,
    ),
  ].at(-1);
  return last === undefined ? part.length : last.index + last[0].length;
}
