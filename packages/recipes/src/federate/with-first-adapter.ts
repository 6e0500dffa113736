import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModelConfig } from "@lathe/model";
import { copyAdapter, freshAdapter, readAdapter } from "@lathe/peft";
import { trainDefaults } from "@lathe/train";
import type { ClientTraining, FirstAdapter } from "./federation-fields.js";

/**
 * Has the adapter that the first round begins with: one that is given, held to the model, or one that is drawn, the same by the same
 * settings. It is there for as long as `use` takes.
 * @throws RecipeError, AdapterFileError, ModelConfigError; LoraConfigError; what `use` throws
 */
export async function withFirstAdapter<Result>(
  model: string,
  { initAdapter, lora = {}, train = {} }: FirstAdapter & ClientTraining,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const config = await readModelConfig(model);
  if (initAdapter !== undefined) {
    await readAdapter(initAdapter, config);
    return await use(initAdapter);
  }
  const folder = await mkdtemp(join(tmpdir(), "lathe-first-adapter-"));
  try {
    const drawn = join(folder, "adapter");
    await copyAdapter(
      freshAdapter(config, { ...lora, seed: train.seed ?? trainDefaults.seed }, model),
      drawn,
    );
    return await use(drawn);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
