import { isIdentityNumber, passesLuhn } from "./checksums.js";
import { type DigitGroups, digitGroups } from "./digit-groups.js";
import type { PersonalDataKind, PersonalDatum } from "./kinds.js";

/** Digits, how they are grouped, and the text around them. */
interface Candidate extends DigitGroups {
  /** Lengths of the groups, as "3-4-4". */
  readonly shape: string;
  /** Up to 24 characters before and 12 behind. */
  readonly before: string;
  readonly behind: string;
}

type Test = (candidate: Candidate) => boolean;

const MOBILE = /^1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}$/;
const MOBILE_SHAPES = new Set(
  "11 3-4-4 3-8 7-4 4-3-4 4-4-3 3-3-5 5-3-3 5-6 6-5 3-2-3-3 3-2-2-2-2 2-3-3-3 1-1-1-1-1-1-1-1-1-1-1 1-10 2-2-2-2-2-1".split(
    " ",
  ),
);

/** Area codes of the mainland; the number behind one does not begin with 0 or 1. */
const LANDLINE = /^(?:010|02[0-57-9])[2-9]\d{7}$|^0[3-9]\d{2}[2-9]\d{6,7}$/;
const LANDLINE_SHAPE = /^(?:1[012]|[34]-(?:[78]|[34]-4|4-[34]|2-2-2-2|2-3-3))$/;

const CALL_WORDS =
  /(?:电话|手机|座机|固话|小灵通|号码|联系方式|致电|拨打|打给|来电|热线|传真|(?<![a-z])(?:(?:tele)?phone|mobile|cell|tel|call|text|fax|reach|ring|dial|contact)(?:s|ed|ing)?(?![a-z]))[^\d\n]{0,14}$/i;
const CARD_WORDS = /(?:银行卡|信用卡|储蓄卡|借记卡|卡号|账号|帐号|账户|card|account)[^\d\n]{0,14}$/i;
const SSN_WORDS = /(?:ssn|social security|社会安全号|社安号)[^\d\n]{0,20}$/i;

/** An amount rather than a number to call. */
const UNIT =
  /^ ?(?:元|块|万|亿|美元|人民币|rmb|usd|个|条|件|%|[kmg]b\b|bytes?\b|字节|毫秒|ms\b|公里|km\b|克|kg\b)/i;
const MONEY = /[¥$€£]\s?$/;
const COUNTED =
  /^ ?(?:人|次|名|户|位|套|张|页|字|份|单|吨|米|瓶|箱|股|票|(?:users?|people|customers?|words?|times|views?|visitors?|readers?|subscribers?|items?|units?|points?|rows?|tokens?)(?![a-z]))/i;

/** Signs of a sum beside numbers that are parts of one. */
const SUM_BEFORE = /\d ?[-+*×÷=] ?$|<<$/;
const SUM_BEHIND = /^ ?[*×÷=<>]/;

/** Beginnings and lengths of card numbers: UnionPay, Visa, Mastercard, American Express, JCB, Diners, Discover, and older ones of Chinese banks. */
const CARDS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^62/, [16, 17, 18, 19]],
  [/^4/, [13, 16]],
  [/^5[1-5]/, [16]],
  [/^3[47]/, [15]],
  [/^35(?:2[89]|[3-8]\d)/, [16]],
  [/^3(?:0[0-5]|[689])/, [14]],
  [/^6(?:011|4[4-9]|5)/, [16]],
  [/^(?:9558|95599|10357|60138|621|690755|84|87|88|94|96|98|99)/, [16, 17, 18, 19]],
  [/^(?:436742|4367|4563|458|5264|5401|5528)/, [16, 18, 19]],
];
const CARD_SHAPE =
  /^(?:1[3-9]|1(?:-1){14,18}|4(?:-4){2,3}(?:-[1-4])?|6-1[0-3]|6-4-[3-9]|4-6-[45]|4-7-[3-5])$/;

const isIdentity: Test = ({ digits, shape, behind }) => {
  if (digits.length === 17) return /^[ -]?x(?![a-z0-9])/i.test(behind) && isIdentityNumber(`${digits}X`);
  if (digits.length === 15 && !/^(?:15|6-6-3|6-[246]-[246]-3)$/.test(shape)) return false;
  return isIdentityNumber(digits);
};

const isCard: Test = ({ digits, shape, before, behind }) => {
  if (!CARD_SHAPE.test(shape) || !passesLuhn(digits) || /^(\d)\1*$/.test(digits)) return false;
  // One in ten lists of digits has the check digit of a card.
  if (shape.startsWith("1-1") && !CARD_WORDS.test(before) && !/^\D{0,4}(?:卡|card)/i.test(behind))
    return false;
  return (
    CARDS.some(([beginning, lengths]) => beginning.test(digits) && lengths.includes(digits.length)) ||
    CARD_WORDS.test(before)
  );
};

const isSsn: Test = ({ digits, shape, separators, before }) => {
  if (!/^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits)) return false;
  if (shape === "3-2-4" && separators.every((between) => between === "-")) return true;
  return (shape === "3-2-4" || shape === "9") && SSN_WORDS.test(before);
};

const isMobile: Test = ({ digits, lengths, shape, before }) => {
  const national = digits.replace(/^(?:00)?86(?=1\d{10}$)/, "");
  if (!MOBILE.test(national)) return false;
  if (national === digits) return MOBILE_SHAPES.has(shape);
  const prefix = digits.length - 11;
  // The prefix is a group of its own, or the whole number one group.
  const rest = lengths[0] === prefix ? lengths.slice(1).join("-") : lengths.length === 1 ? "11" : null;
  return (rest !== null && MOBILE_SHAPES.has(rest)) || (/\+$/.test(before) && lengths[0] > prefix);
};

const isLandline: Test = ({ digits, shape, before, lengths }) => {
  if (LANDLINE.test(digits)) return LANDLINE_SHAPE.test(shape);
  const abroad = /^(?:00)?86(\d+)$/.exec(digits);
  const isMarked = /\+$/.test(before) || digits.startsWith("00") || /^2-(?:[234]-){1,3}[478]$/.test(shape);
  if (abroad === null || !isMarked) return false;
  const national = abroad[1].startsWith("0") ? abroad[1] : `0${abroad[1]}`;
  return LANDLINE.test(national) && lengths[0] <= 4;
};

/** Seven or eight digits are a number to call where that is said; two years are none. */
const isLocal: Test = ({ digits, shape, separators, before, behind }) =>
  /^[2-8]\d{6,7}$/.test(digits) &&
  /^(?:[78]|[34]-4)$/.test(shape) &&
  !separators.includes(" - ") &&
  !COUNTED.test(behind) &&
  !(shape === "4-4" && /^20\d\d20\d\d$/.test(digits)) &&
  CALL_WORDS.test(before);

const isAmerican: Test = ({ digits, shape, separators, before }) => {
  const national = /^1?([2-9]\d{2}\d{3}\d{4})$/.exec(digits);
  if (national === null || /\d-$/.test(before)) return false;
  const isWritten = /^(?:1-)?3-3-4$/.test(shape);
  const isMarked = separators.some((between) => /[-.()]/.test(between)) || /\($/.test(before);
  if (isWritten && (isMarked || /\+$/.test(before) || CALL_WORDS.test(before))) return true;
  if (/^(?:10|11)$/.test(shape) && digits.length === 11) return /\+$/.test(before);
  return shape === "10" && CALL_WORDS.test(before);
};

const isBritish: Test = ({ digits, shape, before, separators }) => {
  if (/^(?:00)?440?[1-37]\d{8,9}$/.test(digits) && (/\+$/.test(before) || digits.startsWith("00")))
    return true;
  if (/^07[1-57-9]\d{8}$/.test(digits)) return /^(?:11|5-6|5-3-3|4-3-4|3-4-4|5-2-2-2|5-4-2)$/.test(shape);
  if (!/^0[1-3]\d{8,9}$/.test(digits)) return false;
  const isWritten = /^(?:3-4-4|4-3-4|5-[56]|4-[67]|5-3-[23]|4-3-3)$/.test(shape) && separators.length > 0;
  return (isWritten && !separators.includes(".")) || (/^1[01]$/.test(shape) && CALL_WORDS.test(before));
};

/** A plus and the number of a country that has no test of its own. */
const isForeign: Test = ({ digits, separators, before }) =>
  /\+$/.test(before) &&
  digits.length >= 9 &&
  digits.length <= 15 &&
  !/^(?:0|1|44|86)/.test(digits) &&
  separators.every((between) => !between.startsWith("(") || between.includes(")"));

/** Numbers for which the one who is called pays: companies have them. */
const TOLL_FREE = /^(?:400\d{7}|1?8(?:00|33|44|55|66|77|88)\d{7})$/;

/** From one amount to another, or one less another: `15000-180000`, `3600-1200=2400`. */
function isSum({ before, behind, lengths, digits }: Candidate): boolean {
  if (lengths.length === 1) return SUM_BEFORE.test(before) && SUM_BEHIND.test(behind);
  if (SUM_BEHIND.test(behind) || (SUM_BEFORE.test(before) && !/\d-$/.test(before))) return true;
  return (
    lengths.length === 2 &&
    digits.slice(0, lengths[0]).endsWith("00") &&
    digits.endsWith("00") &&
    !digits.startsWith("0")
  );
}

const isPhone: Test = (candidate) => {
  const { before, behind, digits } = candidate;
  if (digits.length > 16 || isSum(candidate)) return false;
  if (TOLL_FREE.test(digits) && !isMobile(candidate)) return false;
  if (UNIT.test(behind) || MONEY.test(before)) return false;
  return [isMobile, isLandline, isAmerican, isBritish, isForeign, isLocal].some((test) => test(candidate));
};

const TESTS: readonly (readonly [PersonalDataKind, Test])[] = [
  ["identity-card", isIdentity],
  ["bank-card", isCard],
  ["ssn", isSsn],
  ["phone", isPhone],
];

/** Letters before digits that belong to no code of which the digits are a part. */
const LETTERS_BEFORE = /(?:^|[^a-z])(?:tel|phone|mobile|mob|cell|call|ph|fax|sms|wx|vx|qq|id|no|card|ssn)$/i;

/**
 * Finds numbers by their digits: identity and bank cards, social security numbers, phones.
 *
 * @param text as `foldText` gives it
 */
export function findNumbers(text: string): PersonalDatum[] {
  const found: PersonalDatum[] = [];
  const runs = digitGroups(text);
  for (let step = runs.next(); step.done !== true;) {
    const datum = firstMatch(text, step.value);
    if (datum !== null) found.push(datum);
    step = runs.next(datum?.end);
  }
  return found;
}

/** Whether digits go on with an amount: behind its point, or behind a comma that is not one between two whole numbers. */
const isFraction = (before: string): boolean => /\d[.,]$/.test(before) && !/\d(?:[ -]?\d){6},$/.test(before);

function firstMatch(text: string, groups: readonly DigitGroups[]): PersonalDatum | null {
  const { start } = groups[0];
  const before = text.slice(Math.max(0, start - 24), start);
  if (/[a-z_]$/i.test(before) && !LETTERS_BEFORE.test(before)) return null;
  if (isFraction(before)) return null;
  if (/-[\da-f]{4}-$/i.test(before) && /-.*[a-f].*-$/i.test(before)) return null; // the end of a UUID
  const candidates = groups.flatMap((one): Candidate[] => {
    const behind = text.slice(one.end, one.end + 12);
    if (/^(?:\.\d|[a-z_])/i.test(behind) && !(one.digits.length === 17 && /^x/i.test(behind))) return [];
    return [{ ...one, shape: one.lengths.join("-"), before, behind }];
  });
  for (const [kind, test] of TESTS) {
    const candidate = candidates.find((one) => test(one));
    if (candidate !== undefined)
      return kind === "phone" ? phoneDatum(text, candidate) : datumOf(kind, candidate);
  }
  return null;
}

function datumOf(kind: PersonalDataKind, { digits, start, end, behind }: Candidate): PersonalDatum {
  // Of an identity number that ends in X the digits are seventeen.
  if (kind !== "identity-card" || digits.length !== 17) return { kind, start, end, value: digits };
  return { kind, start, end: end + (/^[ -]/.test(behind) ? 2 : 1), value: `${digits}x` };
}

/** A phone with the sign of a country or a bracket before it and an extension behind. */
function phoneDatum(text: string, { digits, start, end, behind, before }: Candidate): PersonalDatum {
  const sign = /(?:\(\+|\+\(|\+|\()$/.exec(before)?.[0] ?? "";
  const bracketCloses = text.slice(start, end).includes(")") || /^\)/.test(behind);
  const kept = sign.includes("(") && !bracketCloses ? sign.replace("(", "") : sign;
  const extension =
    /^(?:-\d{1,5}(?![\d-])| ?(?:转|分机号?|ext\.?|x) ?\d{1,6}(?!\d))/i.exec(behind)?.[0] ?? "";
  const national = digits.replace(/^(?:00)?86(?=1\d{10}$)/, "");
  return {
    kind: "phone",
    start: start - kept.length,
    end: end + extension.length,
    value: national + extension.replace(/\D/g, ""),
  };
}
