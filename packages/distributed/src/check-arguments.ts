import { asPhrase, type Phrase, phrase } from "@lathe/files";
import type { NumberArray } from "./collective.js";
import { CollectiveError } from "./collective-error.js";

const expected = (what: Phrase, actual: string): CollectiveError =>
  new CollectiveError("arguments", phrase`expected ${what}, got ${actual}`);

/** @throws CollectiveError where the rank is none of them */
export function checkRoot(root: number, size: number): void {
  if (Number.isInteger(root) && root >= 0 && root < size) return;
  throw expected(phrase`a rank from 0 to ${size - 1}`, String(root));
}

/** @throws CollectiveError where the parts are not one a rank, or are not all of the values */
export function checkCounts(values: NumberArray, counts: readonly number[], size: number): void {
  if (counts.length !== size)
    throw expected(phrase`a count for each of ${size} ranks`, String(counts.length));
  const odd = counts.find((count) => !Number.isInteger(count) || count < 0);
  if (odd !== undefined) throw expected(asPhrase("counts that are whole numbers from 0"), String(odd));
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum !== values.length) throw expected(phrase`counts that come to ${values.length}`, String(sum));
}

/** @throws CollectiveError where a process could not exit with it, or would seem to have succeeded */
export function checkExitCode(code: number): void {
  if (Number.isInteger(code) && code >= 1 && code <= 255) return;
  throw expected(asPhrase("an exit code from 1 to 255"), String(code));
}

/** @throws CollectiveError where ranks do not come to whole groups of that size */
export function checkGroup(group: number, size: number): void {
  if (Number.isInteger(group) && group >= 1 && size % group === 0) return;
  throw expected(phrase`a divisor of the ${size} ranks`, String(group));
}

/**
 * Memory for so many values: that of `room`, or new one of the kind of `values`.
 * @throws CollectiveError where the room is too small
 */
export function roomFor<Values extends NumberArray>(values: Values, length: number, room?: Values): Values {
  if (room && room.length < length) throw expected(phrase`room for ${length} values`, String(room.length));
  if (room) return room.subarray(0, length) as Values;
  return new (values.constructor as new (length: number) => Values)(length);
}
