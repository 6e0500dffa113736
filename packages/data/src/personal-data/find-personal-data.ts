import { findAddresses } from "./addresses.js";
import {
  findCreditCodes,
  findEmails,
  findIbans,
  findIps,
  findLocations,
  findNamedCodes,
  findPlates,
} from "./code-kinds.js";
import { foldText } from "./fold-text.js";
import type { PersonalDatum } from "./kinds.js";
import { findNames, NAME_SIGNS } from "./names.js";
import { withoutAddressNumbers } from "./web-addresses.js";
import { findNumbers } from "./number-kinds.js";

/** What finds personal data; where two finds overlap, that of the earlier finder holds. */
const FINDERS: readonly ((text: string) => PersonalDatum[])[] = [
  findEmails,
  findIbans,
  findCreditCodes,
  findNamedCodes,
  findLocations,
  findIps,
  findNumbers,
  findPlates,
  findAddresses,
  findNames,
];

/** Any digit or address of mail is next to one of these; most sentences have none, and no sign of a name, and cost two looks. */
const SUSPECT =
  /[\d@＠\uff10-\uff19〇零○壹贰叁肆伍陆柒捌玖]|[一二三四五六七八九幺][ -]?[一二三四五六七八九幺零〇]|[微薇威v]信/i;

/**
 * Finds personal data in a text, in the order of the text and without overlaps. Time is in proportion to its length, whatever it holds.
 *
 * The finders judge by form, check characters and the words nearby; each kind's share of finds and misses on the labelled set stands in the README.
 */
export function findPersonalData(text: string): PersonalDatum[] {
  if (!SUSPECT.test(text) && !NAME_SIGNS.test(text)) return [];
  const folded = foldText(text);
  let taken: PersonalDatum[] = [];
  for (const find of FINDERS) {
    const found = find(folded).sort((left, right) => left.start - right.start || right.end - left.end);
    if (found.length > 0) taken = merge(taken, found);
  }
  return withoutAddressNumbers(folded, taken);
}

/** Both lists in the order of the text, without those of the second that overlap one of the first or an earlier one of their own. */
function merge(first: readonly PersonalDatum[], second: readonly PersonalDatum[]): PersonalDatum[] {
  const merged: PersonalDatum[] = [];
  let at = 0;
  let end = 0;
  for (const datum of second) {
    while (at < first.length && first[at].start < datum.end && first[at].end <= datum.start)
      merged.push(first[at++]);
    const before = Math.max(end, merged.at(-1)?.end ?? 0);
    const next = first[at]?.start ?? Infinity;
    if (before > datum.start || next < datum.end) continue;
    merged.push(datum);
    end = datum.end;
  }
  return [...merged, ...first.slice(at)];
}
