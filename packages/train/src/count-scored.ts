import { type LabelledRow, UNSCORED } from "@lathe/model";

/** Labels that can be predicted: all but the unscored and the first, which has nothing before it. */
export function countScored({ labels }: Pick<LabelledRow, "labels">): number {
  let count = 0;
  for (let i = 1; i < labels.length; i++) if (labels[i] !== UNSCORED) count++;
  return count;
}
