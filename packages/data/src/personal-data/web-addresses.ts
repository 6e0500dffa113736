import type { PersonalDataKind, PersonalDatum } from "./kinds.js";

const WEB_ADDRESS =
  /(?<![A-Za-z])(?:(?:https?|ftp):\/\/|www\.)[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7e]{3,}/gi;

/** Kinds that are told by digits, which addresses have for pages and things. */
const BY_DIGITS: ReadonlySet<PersonalDataKind> = new Set([
  "phone",
  "bank-card",
  "ssn",
  "order-number",
  "qq",
  "passport",
]);

/** A parameter, or a service, whose number is one to call. */
const CALLED =
  /(?:(?:phone|mobile|mob|tel|cell|msisdn|sms|contact|whatsapp)[a-z_-]*=|\/\/wa\.me\/)(?:\+|%2B|%20)?$/i;

/**
 * Leaves out numbers that stand in an address of the web, `https://example.com/item/13812345678.html`: they name what it shows. A number that the
 * address itself says is to be called stays, and so does what lies around an address.
 *
 * @param text as `foldText` gives it
 * @param data in the order of the text
 */
export function withoutAddressNumbers(text: string, data: PersonalDatum[]): PersonalDatum[] {
  if (data.length === 0 || !/:\/\/|www\./i.test(text)) return data;
  const spans = Array.from(text.matchAll(WEB_ADDRESS), ({ 0: address, index }) => ({
    start: index,
    end: index + address.length,
  }));
  let at = 0;
  return data.filter(({ kind, start, end }) => {
    while (at < spans.length && spans[at].end <= start) at += 1;
    const isInside = at < spans.length && spans[at].start <= start && end <= spans[at].end;
    if (!isInside || !BY_DIGITS.has(kind)) return true;
    return kind === "phone" && CALLED.test(text.slice(Math.max(spans[at].start, start - 24), start));
  });
}
