/** Digits that may be one number: groups of them with little between, as people write long numbers. */
export interface DigitGroups {
  readonly digits: string;
  /** Digits of each group. */
  readonly lengths: readonly number[];
  /** What stands between the groups, one shorter than `lengths`. */
  readonly separators: readonly string[];
  readonly start: number;
  readonly end: number;
}

const SEPARATOR = /^(?:[ -]{1,2}|[._·]|\(0?\)| \(|\(|\) ?-?| - )$/;
const FEWEST_DIGITS = 7;
const MOST_DIGITS = 22;

/** Groups of one number: eight at most, or every digit of a mobile or a card by itself. */
const MOST_GROUPS = 8;
const SINGLE_DIGITS = 11;
const MOST_SINGLE_DIGITS = 19;

/** Enough digits close together to be a number of someone; most texts have none. */
const SUSPECT = /\d(?:\D{0,3}\d){6}/;

interface Group {
  readonly start: number;
  readonly end: number;
  /** What stands between it and the group before it; null where that parts them. */
  readonly separator: string | null;
}

/**
 * For every group of digits the candidates that begin with it, longest first. A group is part of a few candidates, so that time is in
 * proportion to the text. The consumer says where the number ends that it has recognised: no candidate begins before that.
 *
 * @param text as `foldText` gives it
 */
export function* digitGroups(text: string): Generator<DigitGroups[], void, number | undefined> {
  if (!SUSPECT.test(text)) return;
  const groups = groupsOf(text);
  let behind = 0;
  for (let first = 0; first < groups.length; first++) {
    if (groups[first].start < behind) continue;
    const candidates = candidatesAt(text, groups, first);
    if (candidates.length > 0) behind = (yield candidates) ?? behind;
  }
}

function groupsOf(text: string): Group[] {
  const groups: Group[] = [];
  let before = 0;
  for (const { index, 0: digits } of text.matchAll(/\d+/g)) {
    const between = index - before > 3 || groups.length === 0 ? null : text.slice(before, index);
    const separator = between !== null && SEPARATOR.test(between) ? between : null;
    before = index + digits.length;
    groups.push({ start: index, end: before, separator });
  }
  return groups;
}

function candidatesAt(text: string, groups: readonly Group[], first: number): DigitGroups[] {
  const { start } = groups[first];
  const goesOnBefore = isShort(groups[first - 1]) && groups[first].separator !== null;
  let digits = 0;
  let longest = 0;
  const lasts: number[] = [];
  for (let last = first; last < groups.length && last - first < MOST_SINGLE_DIGITS; last++) {
    const { start: from, end, separator } = groups[last];
    digits += end - from;
    const count = last - first + 1;
    if (digits > MOST_DIGITS || (last > first && separator === null)) break;
    if (count > MOST_GROUPS && digits > count) break;
    longest = Math.max(longest, end - from);
    if (longest > 2) {
      if (digits >= FEWEST_DIGITS && count <= MOST_GROUPS) lasts.push(last);
      continue;
    }
    // Digits by twos are written so for mobiles alone, by ones for cards too; where they go on, they are a list.
    const isLikely = digits === SINGLE_DIGITS || (longest === 1 && digits > SINGLE_DIGITS);
    const next = groups[last + 1];
    if (isLikely && !goesOnBefore && !(isShort(next) && next.separator !== null)) lasts.push(last);
  }
  return lasts.reverse().map((last) => {
    const parts = groups.slice(first, last + 1);
    return {
      digits: parts.map((part) => text.slice(part.start, part.end)).join(""),
      lengths: parts.map((part) => part.end - part.start),
      separators: parts.slice(1).map(({ separator }) => separator ?? ""),
      start,
      end: groups[last].end,
    };
  });
}

const isShort = (group: Group | undefined): group is Group =>
  group !== undefined && group.end - group.start <= 2;
