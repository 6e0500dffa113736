import { isIP } from "node:net";
import { ibanLength, isCreditCode, isIban, isIdentityNumber } from "./checksums.js";
import type { PersonalDataKind, PersonalDatum } from "./kinds.js";

/** Names of files that look like domains: `icon@2x.png`. */
const FILE_ENDINGS = new Set(
  "png jpg jpeg gif svg webp bmp ico js ts mjs css html htm json md txt pdf py java".split(" "),
);

/** Finds addresses of mail. @param text as `foldText` gives it */
export function findEmails(text: string): PersonalDatum[] {
  const found: PersonalDatum[] = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (start > 0 && at - start < 64 && /[\w.%+'-]/.test(text[start - 1])) start -= 1;
    while (start < at && !/[a-z0-9_]/i.test(text[start])) start += 1;
    const domain = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}([a-z]{2,24})(?![\w-])/i.exec(
      text.slice(at + 1, at + 256),
    );
    if (start === at || domain === null || FILE_ENDINGS.has(domain[1].toLowerCase())) continue;
    const end = at + 1 + domain[0].length;
    found.push({ kind: "email", start, end, value: text.slice(start, end).toLowerCase() });
  }
  return found;
}

/** Beginnings of the numbers of a province's plates, and those of embassies. */
const PLATE =
  /(?<![东南北](?=京))(?:使\d{6}|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z](?:[·•. -]?(?:[A-HJ-NP-Z0-9]{4}[挂学警港澳领使试超]|[A-HJ-NP-Z0-9]{5,6})|[DF][·•. -]\d{5}))(?![A-Z0-9])/gi;

/** Finds licence plates of the mainland, those of new energy too. @param text as `foldText` gives it */
export function findPlates(text: string): PersonalDatum[] {
  return [...text.matchAll(PLATE)].flatMap(({ 0: plate, index }) => {
    const value = plate.replace(/[·•. -]/g, "").toUpperCase();
    const number = value.slice(2);
    // New energy: D or F first or last among six. Ordinary plates have two letters among five at most.
    const isNew = number.length === 6 && /^(?:[A-HJK][A-HJ-NP-Z0-9]\d{4}|\d{5}[A-HJK])$/.test(number);
    const isOrdinary =
      number.length === 5 && number.replace(/\D/g, "").length >= (/[^A-Z0-9]$/.test(number) ? 2 : 3);
    const isEmbassy = /^使\d{6}$/.test(value);
    if (!isNew && !isOrdinary && !isEmbassy) return [];
    return [{ kind: "plate", start: index, end: index + plate.length, value } as const];
  });
}

const CREDIT_CODE = /(?<![A-Z0-9]|\d[.,])[1-9A-GY][1-59](?:[ -]?[0-9A-HJ-NPQRTUWXY]){16}(?![A-Z0-9])/gi;

/** Finds unified social credit codes. @param text as `foldText` gives it */
export function findCreditCodes(text: string): PersonalDatum[] {
  return [...text.matchAll(CREDIT_CODE)].flatMap(({ 0: code, index }) => {
    const value = code.replace(/[ -]/g, "").toUpperCase();
    const isWritten = value.length === code.length || /^(?:[^ -]{4}[ -]){4}[^ -]{2}$/.test(code);
    // Of eighteen digits those of an identity card come first.
    return isWritten && isCreditCode(value) && !isIdentityNumber(value)
      ? [{ kind: "credit-code", start: index, end: index + code.length, value } as const]
      : [];
  });
}

/** Finds international bank account numbers. @param text as `foldText` gives it */
export function findIbans(text: string): PersonalDatum[] {
  return [...text.matchAll(/(?<![A-Z0-9])([A-Z]{2})\d{2}(?=[ -]?[A-Z0-9])/gi)].flatMap(
    ({ 0: beginning, 1: country, index }) => {
      const length = ibanLength(country.toUpperCase());
      if (length === undefined) return [];
      let value = beginning;
      let end = index + beginning.length;
      while (value.length < length) {
        const next = /^[ -]?([A-Z0-9])/i.exec(text.slice(end, end + 2));
        if (next === null) return [];
        value += next[1];
        end += next[0].length;
      }
      value = value.toUpperCase();
      if (/[A-Z0-9]/i.test(text[end] ?? "") || !isIban(value)) return [];
      return [{ kind: "iban", start: index, end, value } as const];
    },
  );
}

const IP_V4 = /(?<![\d.A-Za-z])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d|[A-Za-z_])/g;
const IP_V6 =
  /(?<![0-9A-Fa-f.]|[0-9A-Fa-f]:|::)(?:[0-9A-Fa-f]{1,4})?(?::{1,2}[0-9A-Fa-f]{1,4}){2,7}(?:::)?(?:(?::|\.)\d{1,3}(?:\.\d{1,3}){2,3})?(?![0-9A-Fa-f:])/g;
const VERSION = /(?:版本号?|version|\bver\.?|\bv|固件|firmware|内核|build)[^\d\n]{0,4}$/i;

/** Numbers of sections, and of other things that are counted by parts: `第3.2.1.4节`, `1-1.1.3.3`. */
const isPart = (before: string, address: string, behind: string): boolean => {
  if (/第 ?$/.test(before) || /^ ?[节章条款]/.test(behind)) return true;
  if (/\d-$/.test(before) && !/(?:\d{1,3}\.){3}\d{1,3}-$/.test(before)) return true;
  const last = /^-(\d{1,3})(?![\d.])/.exec(behind); // a range of addresses goes up
  return last !== null && Number(last[1]) <= Number(address.slice(address.lastIndexOf(".") + 1));
};

/** Finds addresses of networks, but for those that name nobody: the machine itself and "any". @param text as `foldText` gives it */
export function findIps(text: string): PersonalDatum[] {
  if (!/\d\.\d{1,3}\.\d|[\da-f]:[\da-f]|::/i.test(text)) return [];
  const found: PersonalDatum[] = [];
  for (const pattern of [IP_V4, IP_V6]) {
    for (const { 0: address, index } of text.matchAll(pattern)) {
      const nobody = /^(?:127\.|0\.0\.0\.0$|255\.255\.|::1$)/.test(address);
      if (isIP(address) === 0 || nobody) continue;
      const before = text.slice(Math.max(0, index - 18), index);
      const end = index + address.length;
      if (VERSION.test(before.slice(-12)) || isPart(before, address, text.slice(end, end + 5))) continue;
      found.push({ kind: "ip", start: index, end: index + address.length, value: address.toLowerCase() });
    }
  }
  return found;
}

const DECIMAL_PAIR =
  /(?<![\d.])((?:(?:(?<![A-Z])[NSEW]|[北南]纬|[东西]经) ?)?-?\d{1,3}\.\d{4,12})°? ?[NSEW北南东西]? ?[,，、/; ] ?((?:(?:[NSEW]|[北南]纬|[东西]经) ?)?-?\d{1,3}\.\d{4,12})°? ?[NSEW]?(?![\d.])/gi;
const NAMED_DEGREES =
  /(?:经度|纬度|北纬|南纬|东经|西经|longitude|latitude|\blng|\blat|\blon) ?(?:是|为|:|=)? ?(-?\d{1,3}\.\d{2,12})(?![\d.])°?/gi;
const SEXAGESIMAL =
  /(?<![\d.])(?:[NSEW北南东西][纬经]? ?)?\d{1,3}° ?\d{1,2}['′] ?(?:\d{1,2}(?:\.\d{1,6})? ?(?:["″]|''))? ?[NSEW]?(?![A-Za-z])/gi;

const PLACE_WORDS = /(?:坐标|定位|位置|经纬|纬度|经度|gps|locat|coordinate|latitude|position)[^\d\n]{0,12}$/i;

/** Finds places on the globe. @param text as `foldText` gives it */
export function findLocations(text: string): PersonalDatum[] {
  if (!/\d\.\d\d|\d°/.test(text)) return [];
  const found: PersonalDatum[] = [];
  const add = (start: number, written: string): void => {
    const trimmed = written.trimEnd();
    found.push({ kind: "location", start, end: start + trimmed.length, value: trimmed.replace(/\s/g, "") });
  };
  for (const { 0: pair, 1: first, 2: second, index } of text.matchAll(DECIMAL_PAIR)) {
    const [left, right] = [first, second].map((part) =>
      Math.abs(Number(part.replace(/[NSEW北南纬东西经 ]/gi, ""))),
    );
    const most = Math.max(left, right);
    if (Math.min(left, right) > 90 || most > 180) continue;
    // Small numbers, and more than two, are as likely to be something else.
    const before = text.slice(Math.max(0, index - 24), index);
    const isMarked = /[°NSEW北南东西]/i.test(pair) || PLACE_WORDS.test(before);
    const isLonger =
      /\d ?[,，/; ] ?$/.test(before) || /^ ?[,，/; ] ?-?\d/.test(text.slice(index + pair.length));
    if (isMarked || (most >= 10 && !isLonger)) add(index, pair);
  }
  for (const { 0: named, 1: degrees, index } of text.matchAll(NAMED_DEGREES)) {
    if (Math.abs(Number(degrees)) > 180) continue;
    const offset = named.lastIndexOf(degrees);
    add(index + offset, named.slice(offset));
  }
  for (const { 0: place, index } of text.matchAll(SEXAGESIMAL)) add(index, place);
  return found;
}

/** A pattern whose last group is the datum; what stands before it says what it is. */
interface NamedCode {
  readonly kind: PersonalDataKind;
  /** What any text with such a code has; it is looked for first, as it is seldom there. */
  readonly needs: RegExp;
  readonly pattern: RegExp;
  readonly accepts: (code: string) => boolean;
}

const digitsOf = (code: string): number => code.replace(/\D/g, "").length;
const isDate = (code: string): boolean => /^(?:19|20)\d{2}[-./]\d{1,2}[-./]\d{1,2}/.test(code);

const SIX_DIGITS = /(?:\d\D*){5}\d/;

/** An amount, a time or a count behind digits that are then no code. */
const COUNTED = "(?! ?(?:元|块|万|亿|个|件|人|次|天|年|月|号|日|点|分|秒|小时|页|份|%|[.,]\\d))";
/** Mobiles and the numbers of hotlines. */
const isCallable = (code: string): boolean => /^(?:1[3-9]\d{9}|(?:400|800)\d{7}|95\d{3,6})$/.test(code);

const CODE = "([A-Z]{0,6}-?\\d[\\dA-Z]*(?:-[\\dA-Z]+){0,4})(?![A-Z0-9])";
const WECHAT = "(?:微信|薇信|威信|绿泡泡|(?<![A-Z])(?:wechat|weixin|vx|wx|v信|v❤))";
const WECHAT_ID = "([A-Z][-_A-Z0-9]{5,19}|[A-Z][-_A-Z0-9]{1,10}\\.[-_A-Z0-9]{1,10})(?![-_A-Z0-9@])";

const NAMED_CODES: readonly NamedCode[] = [
  {
    kind: "order-number",
    needs: SIX_DIGITS,
    pattern: new RegExp(
      `(?:(?:订单|单据|运单|快递|物流|包裹|流水|交易|退款|退货|售后|工单|保单|预订|预定|预约|挂号|下单|商户|取件|提货|发票|合同|票|单)(?:编号|单号|号码|号)|取件码|提货码|订单ID|(?:order|tracking|shipment|invoice|ticket|booking|confirmation|reference|case)(?: ?(?:number|num|no\\.?|id|code))? ?[:#]|(?:order|tracking|shipment|invoice|booking|confirmation|reservation|reference|case|ticket|claim|parcel|waybill) (?:number|num|no\\.?|id|code|ref|reference)(?:'s)?)(?: ?(?:是|为|:|#|-|is|was)){0,2} {0,2}${CODE}`,
      "gi",
    ),
    accepts: (code) => digitsOf(code) >= 6 && code.length <= 32 && !isDate(code),
  },
  {
    // Such a thing, and soon behind it a number that is too long to be a count of anything.
    kind: "order-number",
    needs: SIX_DIGITS,
    pattern: new RegExp(
      `(?:订单|运单|快递|物流|包裹|单号|单子|[退换]货单|售后单|工单|申通|圆通|中通|韵达|顺丰|极兔|德邦|百世|天天|京东|邮政|EMS)(?:(?!电话|手机|座机|热线|联系|致电|拨打|客服|身份证|银行卡|卡号|金额|日期|时间|号码|微信|QQ)[^\\dA-Z\\n.!?;。！？；\\[\\]]){0,12}?[#:( ]{0,2}${CODE}${COUNTED}`,
      "gi",
    ),
    accepts: (code) =>
      digitsOf(code) >= 8 &&
      code.length <= 32 &&
      !isDate(code) &&
      !/^(?:19|20)\d{6}$/.test(code) &&
      !isCallable(code),
  },
  {
    kind: "order-number",
    needs: SIX_DIGITS,
    pattern: new RegExp(
      `(?<![A-Z])(?:order|tracking|shipment|parcel|package|invoice|ticket|booking|reservation|confirmation|reference|waybill|claim|RMA|PO|UPS|FedEx|DHL|USPS|DPD|Hermes)(?:'s)?(?:[ :#(]|\\b(?:number|num|no\\.?|id|code|ref|is|was|says|said)\\b){1,6}${CODE}`,
      "gi",
    ),
    accepts: (code) =>
      digitsOf(code) >= 6 && code.length <= 32 && !isDate(code) && !/^(?:\d{3}-){2}\d{4}$/.test(code),
  },
  {
    kind: "order-number",
    needs: /[A-Z0-9]{2}[A-Z]{0,3}\d{8}|1Z/i,
    pattern:
      /(?<![A-Z0-9])(SF\d{12,15}|YT\d{13,15}|JT\d{13}|JDV?[A-Z]{0,2}\d{11,18}|STO?\d{12,13}|ZTO\d{12}|YUNDA\d{13}|E[A-Z]\d{9}CN|[A-Z]{2}\d{9}CN|1Z[A-Z0-9]{16})(?![A-Z0-9])/gi,
    accepts: (code) => digitsOf(code) >= 8,
  },
  {
    kind: "passport",
    needs: /护照|passport/i,
    pattern:
      /(?:护照(?:号码|号)?|passport(?: ?(?:number|no\.?|#))?)(?: ?(?:是|为|:|#|is)){0,2} {0,2}([A-Z]{1,2}\d{6,8}|\d{9})(?![A-Z0-9])/gi,
    accepts: () => true,
  },
  {
    kind: "passport",
    needs: /[EG][A-Z0-9]\d{7}/,
    pattern: /(?<![A-Z0-9])([EG]\d{8}|E[A-HJ-NP-Z]\d{7})(?![A-Z0-9-])/g,
    accepts: () => true,
  },
  {
    kind: "qq",
    needs: /Q|扣扣|企鹅|球球|群/i,
    pattern:
      /(?:(?<![A-Z])Q ?Q|扣扣|企鹅|球球|(?:加|进|入)群|群号)(?:群)?(?:号码|账号|帐号|号)?(?: ?(?:是|为|:|加|\(|就是|number|is)){0,3} {0,2}([1-9]\d{4,10})(?![A-Z0-9]|@| ?[元块万亿个人年月天])/gi,
    accepts: () => true,
  },
  {
    kind: "qq",
    needs: /Q/i,
    pattern:
      /(?:[加我的下 ,]|^|[^A-Z0-9])Q(?:号| ?[:是]|(?<=[加我下的]Q)) {0,2}([1-9]\d{5,10})(?![A-Z0-9]|@| ?[元块万亿个人年月天])/gi,
    accepts: () => true,
  },
  {
    kind: "wechat",
    needs: /信|[vw]x|wechat|weixin|v❤|绿泡泡/i,
    pattern: new RegExp(
      `${WECHAT}(?: ?(?:号码|号|账号|ID|account))?(?: ?(?:就是|搜索|是|为|:|-|is|搜|\\()){1,2} {0,2}${WECHAT_ID}`,
      "gi",
    ),
    accepts: (code) => !/^(?:available|official|required|working|mobile|payment|android|iphone)$/i.test(code),
  },
  {
    kind: "wechat",
    needs: /[信薇威微]|v|wx|wechat|weixin|绿泡泡/i,
    pattern: new RegExp(
      `(?:${WECHAT}|加(?:我|下|个)?(?:薇|威|微|v)|(?<![A-Z])v(?= ?:))(?:[^A-Z0-9\\n.!?。！？]|吧){0,6}?(?:ID)? ?:? {0,2}${WECHAT_ID}`,
      "gi",
    ),
    accepts: (code) => /[\d_]/.test(code),
  },
];

/** Finds numbers and names that are known by what stands before them: of orders, passports, QQ, WeChat. @param text as `foldText` gives it */
export function findNamedCodes(text: string): PersonalDatum[] {
  return NAMED_CODES.filter(({ needs }) => needs.test(text)).flatMap(({ kind, pattern, accepts }) =>
    [...text.matchAll(pattern)].flatMap(({ 0: whole, 1: code, index }) => {
      const start = index + whole.length - code.length;
      return accepts(code)
        ? [{ kind, start, end: start + code.length, value: code.replace(/-/g, "").toLowerCase() }]
        : [];
    }),
  );
}
