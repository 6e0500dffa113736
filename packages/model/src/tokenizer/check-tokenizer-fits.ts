import { phrase } from "@lathe/files";
import type { ModelConfig } from "../config/model-config.js";
import { TokenizerError } from "../errors.js";
import type { Tokenizer } from "./tokenizer.js";

/**
 * Makes sure that every id of the tokenizer has a row in the model's embedding.
 * @throws TokenizerError with both sizes
 */
export function checkTokenizerFits(
  tokenizer: Pick<Tokenizer, "path" | "vocabularySize">,
  config: Pick<ModelConfig, "vocabularySize">,
): void {
  if (tokenizer.vocabularySize <= config.vocabularySize) return;
  throw new TokenizerError({
    path: tokenizer.path,
    expected: phrase`token ids below ${config.vocabularySize}, the rows of the model's embedding`,
    actual: phrase`ids up to ${tokenizer.vocabularySize - 1}`,
    remedy: "tokenizer and model do not belong together",
  });
}
