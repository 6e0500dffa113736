import { type LabelledRow, UNSCORED } from "@lathe/model";

/** What a model is asked in the course of a run, and what should be said. */
export interface SamplePrompt {
  readonly promptIds: Int32Array;
  readonly referenceIds: Int32Array;
}

/** The first reply of a labelled row, from everything before; null where nothing is asked. */
export function samplePrompt({ inputIds, labels }: LabelledRow): SamplePrompt | null {
  const start = labels.findIndex((label) => label !== UNSCORED);
  if (start <= 0) return null;
  const length = labels.subarray(start).findIndex((label) => label === UNSCORED);
  const end = length < 0 ? labels.length : start + length;
  return { promptIds: inputIds.slice(0, start), referenceIds: inputIds.slice(start, end) };
}
