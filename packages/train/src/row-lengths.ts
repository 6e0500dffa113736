import type { Phrase } from "@lathe/files";
import { TrainConfigError } from "./errors.js";
import type { RowSource } from "./row-source.js";
import type { TrainConfig } from "./train-config.js";

/**
 * The tokens of every row, where batches follow from them.
 * @returns null where neither `groupByLength` nor `maxTokensPerBatch` asks for them
 * @throws TrainConfigError where the source does not tell them
 */
export function rowLengths(
  source: Pick<RowSource<unknown>, "length" | "tokens">,
  { groupByLength, maxTokensPerBatch }: Pick<TrainConfig, "groupByLength" | "maxTokensPerBatch">,
): Int32Array | null {
  if (!groupByLength && maxTokensPerBatch === 0) return null;
  if (!source.tokens) {
    const refuse = (key: keyof TrainConfig, expected: string | Phrase, got: unknown): never => {
      throw new TrainConfigError(key, expected, got);
    };
    return maxTokensPerBatch > 0
      ? refuse("maxTokensPerBatch", "0 for rows whose source does not tell their lengths", maxTokensPerBatch)
      : refuse("groupByLength", "false for rows whose source does not tell their lengths", true);
  }
  const lengths = new Int32Array(source.length);
  for (let index = 0; index < source.length; index++) lengths[index] = source.tokens(index);
  return lengths;
}
