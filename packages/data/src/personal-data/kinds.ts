/** Kinds of personal data, with what stands for one in a Chinese and in an English text. */
export const PERSONAL_DATA_KINDS = {
  phone: { zh: "电话", en: "PHONE" },
  "identity-card": { zh: "身份证", en: "ID_CARD" },
  "bank-card": { zh: "银行卡", en: "BANK_CARD" },
  passport: { zh: "护照", en: "PASSPORT" },
  email: { zh: "邮箱", en: "EMAIL" },
  wechat: { zh: "微信", en: "WECHAT" },
  qq: { zh: "QQ", en: "QQ" },
  plate: { zh: "车牌", en: "PLATE" },
  "credit-code": { zh: "信用代码", en: "CREDIT_CODE" },
  "order-number": { zh: "单号", en: "ORDER" },
  address: { zh: "地址", en: "ADDRESS" },
  name: { zh: "姓名", en: "NAME" },
  ip: { zh: "IP", en: "IP" },
  location: { zh: "坐标", en: "LOCATION" },
  ssn: { zh: "社会安全号", en: "SSN" },
  iban: { zh: "国际账号", en: "IBAN" },
} as const satisfies Readonly<Record<string, { readonly zh: string; readonly en: string }>>;

/** Name of a kind of personal data. */
export type PersonalDataKind = keyof typeof PERSONAL_DATA_KINDS;

/** A stretch of a text that is personal data. */
export interface PersonalDatum {
  readonly kind: PersonalDataKind;
  /** Index of its first UTF-16 unit in the text. */
  readonly start: number;
  /** Index behind its last UTF-16 unit. */
  readonly end: number;
  /** It without blanks, dashes and other ways of writing it: equal data have equal values. */
  readonly value: string;
}
