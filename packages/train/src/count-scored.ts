import { type LabelledRow, UNSCORED } from "@lathe/model";

/** Labels that can be predicted: all but the unscored and the first, which has nothing before it. */
export function countScored({ labels }: Pick<LabelledRow, "labels">): number {
  let count = 0;
  for (let i = 1; i < labels.length; i++) if (labels[i] !== UNSCORED) count++;
  return count;
}

/** Tokens and scored labels of a row, as plans of steps and of memory ask for them. */
export function labelledSize(row: LabelledRow): readonly [tokens: number, labels: number] {
  return [row.inputIds.length, countScored(row)];
}
