import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isRecord, type MakeFault, OutputFolderError, readJsonFile, replaceFolder } from "@lathe/files";
import { companionFiles, ModelConfigError, readModelConfig, writeRandomModel } from "@lathe/model";
import { POLICY_FILE } from "./model/learnt-policy.js";
import { expectation, RecipeError } from "./recipe-error.js";

/** Largest config that is read, in bytes. */
const CONFIG_BYTES_LIMIT = 1_000_000;

/** A model that is to begin anew. */
export interface InitialiseModelOptions {
  /** Folder of a model, or of its config alone: dimensions, tokenizer, template and licence are taken from there, weights are not. */
  readonly like: string;
  /** Folder of the new model. */
  readonly output: string;
  /** Weights follow from it. @defaultValue 0 */
  readonly seed?: number | undefined;
}

/**
 * Writes a model that has learnt nothing, to be trained from its first weights (`method: "full"`): matrices are drawn as
 * Transformers draws those of the family, normal with the config's `initializer_range`, gains of norms are 1 and biases 0, all in
 * float32. The same seed gives the same bits.
 *
 * @returns the folder
 * @throws RecipeError naming the field; ModelConfigError when the config is of no known architecture, or incomplete
 * @throws OutputFolderError when there is something at `output`; FileError
 */
export async function initialiseModel({ like, output, seed = 0 }: InitialiseModelOptions): Promise<string> {
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RecipeError([expectation("seed", "a whole number from 0", String(seed))]);
  }
  await readModelConfig(like);
  const file = join(like, "config.json");
  const makeFault: MakeFault = (expected, actual, cause) =>
    new ModelConfigError({ path: file, expected, actual, cause });
  const config = await readJsonFile(file, { limit: CONFIG_BYTES_LIMIT, makeFault });
  if (!isRecord(config)) throw makeFault("an object", typeof config);
  // Of weights that are not taken.
  const { quantization_config: _packed, ...own } = config;
  await replaceFolder(
    output,
    async (folder) => {
      for (const name of await companionFiles(like)) {
        // Weights that are drawn have learnt nothing.
        if (name !== POLICY_FILE) await copyFile(join(like, name), join(folder, name));
      }
      await writeRandomModel(folder, own, { seed });
    },
    { check: () => checkFree(output) },
  );
  return output;
}

async function checkFree(output: string): Promise<void> {
  const present = await readdir(output).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  if (present.length === 0) return;
  throw new OutputFolderError(
    output,
    "an output folder that does not exist",
    "one with files in it",
    "choose another place",
  );
}
