import { byteIn, type BytePattern, choice, literal, sequence } from "./byte-grammar.js";

/** Characters as ranges of code points, in rising order and apart from each other; both ends are included. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

const LAST = 0x10ffff;
const SURROGATES = [0xd800, 0xdfff] as const;

/** Characters of any of the sets. */
export function anyOfThem(...sets: readonly CodePoints[]): CodePoints {
  const joined: [number, number][] = [];
  for (const [first, last] of sets.flat().sort(([a], [b]) => a - b)) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** All other characters. */
export function allBut(set: CodePoints): CodePoints {
  const others: [number, number][] = [];
  let next = 0;
  for (const [first, last] of anyOfThem(set, [SURROGATES])) {
    if (first > next) others.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) others.push([next, LAST]);
  return others;
}

/** Characters that a class of one character takes, such as `\p{L}`. */
export function ofClass(source: string): CodePoints {
  const all = [...allBut([])].map(([first, last]) => textOf(first, last)).join("");
  return Array.from(all.matchAll(new RegExp(`${source}+`, "gu")), ({ 0: run, index }) => {
    // A character of two units ends with the second half of a pair.
    const end = run.length - (run.charCodeAt(run.length - 1) >> 10 === 0x37 ? 2 : 1);
    return [all.codePointAt(index)!, run.codePointAt(end)!];
  });
}

function textOf(first: number, last: number): string {
  const parts: string[] = [];
  for (let from = first; from <= last; from += 4096) {
    const points = Array.from({ length: Math.min(4096, last - from + 1) }, (_, index) => from + index);
    parts.push(String.fromCodePoint(...points));
  }
  return parts.join("");
}

/** One character of a set as it stands in a JSON string: as itself where it may, else escaped. */
export function jsonCharacterOf(set: CodePoints): BytePattern {
  const options: BytePattern[] = [];
  for (const [first, last] of anyOfThem(set)) {
    let from = first;
    // What has to be escaped lies below 0x80.
    for (let point = first; point <= Math.min(last, 0x7f); point++) {
      const written = JSON.stringify(String.fromCodePoint(point)).slice(1, -1);
      if (written.length === 1) continue;
      if (from < point) options.push(...inUtf8(from, point - 1));
      options.push(literal(written));
      from = point + 1;
    }
    if (from <= last) options.push(...inUtf8(from, last));
  }
  return choice(...options);
}

/** Where characters begin to take another byte, and the gap of halves of pairs. */
const edges = [0x80, 0x800, SURROGATES[0], SURROGATES[1] + 1, 0x10000];

function inUtf8(first: number, last: number): BytePattern[] {
  const starts = [first, ...edges.filter((edge) => edge > first && edge <= last)];
  return starts
    .map((start, index) => [start, (starts[index + 1] ?? last + 1) - 1] as const)
    .filter(([start]) => start < SURROGATES[0] || start > SURROGATES[1])
    .map(([start, end]) => bytesBetween(utf8(start), utf8(end)));
}

const utf8 = (point: number): readonly number[] => [...Buffer.from(String.fromCodePoint(point), "utf8")];

/** Texts of as many bytes from one to another, whose bytes but the first are 0x80 to 0xbf. */
function bytesBetween(
  [low, ...lowRest]: readonly number[],
  [high, ...highRest]: readonly number[],
): BytePattern {
  if (lowRest.length === 0) return byteIn(low, high);
  if (low === high) return sequence(byteIn(low), bytesBetween(lowRest, highRest));
  const [least, most] = [lowRest.map(() => 0x80), lowRest.map(() => 0xbf)];
  const options = [
    sequence(byteIn(low), bytesBetween(lowRest, most)),
    sequence(byteIn(high), bytesBetween(least, highRest)),
  ];
  if (high - low > 1) options.push(sequence(byteIn(low + 1, high - 1), bytesBetween(least, most)));
  return choice(...options);
}
