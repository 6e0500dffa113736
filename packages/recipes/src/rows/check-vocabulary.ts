import { phrase, asPhrase } from "@lathe/files";
import { RowError, type RowPlace, UNSCORED } from "@lathe/data";

/** @throws RowError for an id or label that has no row in the model's embedding */
export function checkVocabulary(
  { inputIds, labels }: { readonly inputIds: Int32Array; readonly labels: Int32Array },
  vocabularySize: number,
  place?: RowPlace,
): void {
  checkIds("input_ids", inputIds, vocabularySize, place);
  checkIds(
    "labels",
    labels.filter((label) => label !== UNSCORED),
    vocabularySize,
    place,
  );
}

/** @param key that the ids have in their row @throws RowError for an id that has no row in the model's embedding */
export function checkIds(key: string, ids: Int32Array, vocabularySize: number, place?: RowPlace): void {
  const id = ids.find((each) => each < 0 || each >= vocabularySize);
  if (id === undefined) return;
  const expected = id < 0 ? asPhrase("from 0") : phrase`below ${vocabularySize}, the model's vocabulary`;
  throw new RowError(key, phrase`expected token ids ${expected}, got ${id}`, place);
}
