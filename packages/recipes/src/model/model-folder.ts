import {
  checkTokenizerFits,
  loadTokenizer,
  type ModelConfig,
  readModelConfig,
  type Tokenizer,
} from "@lathe/model";
import { readPolicy, type StoredPolicy } from "./learnt-policy.js";
import { type OnRecipeEvent, warningOf } from "../recipe-event.js";

/** What is known of a model before its weights are read. */
export interface ModelFolder {
  readonly path: string;
  readonly config: ModelConfig;
  /** Null where the folder has none: such a model works on token ids alone. */
  readonly tokenizer: Tokenizer | null;
  /** What of replies it has learnt, and of an opened model its adapter first; null where no one says. */
  readonly policy: StoredPolicy | null;
}

/**
 * Reads config and tokenizer of a model folder and holds them to each other.
 * @throws ModelConfigError, TokenizerError, FileError
 */
export async function readModelFolder(path: string, onEvent?: OnRecipeEvent): Promise<ModelFolder> {
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path, { onWarning: warningOf(onEvent) });
  if (tokenizer) checkTokenizerFits(tokenizer, config);
  return { path, config, tokenizer, policy: await readPolicy(path) };
}
