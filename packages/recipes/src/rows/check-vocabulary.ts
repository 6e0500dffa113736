import { phrase, asPhrase } from "@lathe/files";
import { RowError, type RowPlace, UNSCORED } from "@lathe/data";

/** @throws RowError for an id or label that has no row in the model's embedding */
export function checkVocabulary(
  { inputIds, labels }: { readonly inputIds: Int32Array; readonly labels: Int32Array },
  vocabularySize: number,
  place?: RowPlace,
): void {
  const isOutside = (id: number): boolean => id < 0 || id >= vocabularySize;
  const fault = (key: string, id: number): RowError => {
    const expected = id < 0 ? asPhrase("from 0") : phrase`below ${vocabularySize}, the model's vocabulary`;
    return new RowError(key, phrase`expected token ids ${expected}, got ${id}`, place);
  };
  const id = inputIds.find(isOutside);
  if (id !== undefined) throw fault("input_ids", id);
  const label = labels.find((value) => value !== UNSCORED && isOutside(value));
  if (label !== undefined) throw fault("labels", label);
}
