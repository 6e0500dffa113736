import { asPhrase, type Phrase, phrase } from "@lathe/files";
import type { BranchedRow } from "@lathe/model";

/** A prompt with a completion that is to become likelier and one that is to become less likely, as token ids. */
export interface PreferencePair {
  readonly promptIds: Int32Array;
  readonly chosenIds: Int32Array;
  readonly rejectedIds: Int32Array;
}

/** A prompt with one completion and whether it is a good one, as token ids. */
export interface JudgedCompletion {
  readonly promptIds: Int32Array;
  readonly completionIds: Int32Array;
  /** True for a desirable completion. */
  readonly label: boolean;
}

/** A pair as a prompt that is computed once with its two continuations. */
export function branchesOfPair({ promptIds, chosenIds, rejectedIds }: PreferencePair): BranchedRow {
  return { stem: promptIds, branches: [chosenIds, rejectedIds] };
}

/** Bytes by which ids are known. The lengths too: else a token could move from a list to the next unnoticed. */
export function bytesOfIds(...lists: readonly Int32Array[]): Uint8Array[] {
  return [Int32Array.from(lists, ({ length }) => length), ...lists].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}

/** Says what is wrong with lists of ids, by their keys; null where nothing is. @param vocabularySize ids must be below it */
export function idsFault(lists: Readonly<Record<string, Int32Array>>, vocabularySize: number): Phrase | null {
  for (const [key, ids] of Object.entries(lists)) {
    if (ids.length === 0) return phrase`${key}: expected at least one token, got none`;
    const place = ids.findIndex((id) => id < 0 || id >= vocabularySize);
    if (place >= 0) {
      return phrase`${key}: token id ${ids[place]} at position ${place} is outside the vocabulary of ${vocabularySize}`;
    }
  }
  return null;
}

/** Says that both sides of a pair are the same, from which nothing can be learnt; null where they differ. */
export function equalSidesFault({ chosenIds, rejectedIds }: PreferencePair): Phrase | null {
  const isSame =
    chosenIds.length === rejectedIds.length && chosenIds.every((id, index) => id === rejectedIds[index]);
  return isSame
    ? asPhrase("chosen and rejected: expected completions that differ, got the same tokens on both sides")
    : null;
}
