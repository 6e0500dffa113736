import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A tiny random model with recorded logits. */
export const tinyModel = (
  name: "qwen2" | "llama" | "qwen3" | "deepseek_v3" | "deepseek_v3_lite" | "glm4_moe_lite",
): string => join(root, "model/fixtures/models", name);

/** A small model with a vocabulary of SentencePiece's kind. */
export const storiesModel = join(root, "model/fixtures/stories260k");

/** A small model with a vocabulary of letters, without bytes. */
export const lettersModel = join(root, "model/fixtures/babyllama105");

/** An adapter of PEFT for one of the tiny models. */
export const loraFixture = (name: string): string => join(root, "peft/fixtures/lora", name, "adapter_end");

/** A folder of this test's own. */
export const temporaryFolder = async (): Promise<string> => await mkdtemp(join(tmpdir(), "lathe-export-"));
