import { UsageError } from "@lathe/command";
import type { ModelConfig, Tokenizer } from "@lathe/model";

/** @throws UsageError that says what a model without tokenizer can be used for */
export function requireTokenizer(tokenizer: Tokenizer | null, model: string, wanting: string): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new UsageError([
    `${model}: the folder has no tokenizer.json, which ${wanting} needs; give token ids (--ids)`,
  ]);
}

/** @throws UsageError when an id has no row in the model's embedding */
export function checkIds(ids: readonly number[], { vocabularySize }: ModelConfig): void {
  const bad = ids.find((id) => id >= vocabularySize);
  if (bad !== undefined) {
    throw new UsageError([
      `--ids: expected token ids below ${vocabularySize}, the model's vocabulary, got ${bad}`,
    ]);
  }
}
