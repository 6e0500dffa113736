import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { kebabCase, readConfigFile, resolveOptions, UsageError } from "@lathe/command";
import { RunFolder } from "@lathe/train";
import { trainOptions, type TrainVerbOptions } from "./train-options.js";

/** What may be different when a run goes on: it does not change the numbers, or the loop itself looks after it. */
const freeKeys: readonly string[] = [
  "data",
  "validation",
  "output",
  "resume",
  "overwrite",
  "logEvery",
  "saveEvery",
  "evalEvery",
  "engine",
  "checkpointing",
  "memory",
];

/** Options as `config.json` of a run keeps them; a later `--config` can read it. */
export function storedOptions(options: TrainVerbOptions): Record<string, unknown> {
  const { resume: _resume, overwrite: _overwrite, ...stored } = options;
  return stored;
}

/**
 * The options that a run was begun with, with what may be changed taken from what was given.
 * @throws UsageError when something else was given that differs; RunFolderError when there is no run
 */
export async function resumedOptions(
  options: TrainVerbOptions,
  given: ReadonlySet<string>,
): Promise<TrainVerbOptions> {
  const { path } = await RunFolder.open(options.output);
  const file = await readConfigFile(join(path, "config.json"), Object.keys(trainOptions.shape));
  const { values } = resolveOptions("train", trainOptions, {}, file);
  const stored = values as TrainVerbOptions;
  const faults = [...given]
    .filter((key) => !freeKeys.includes(key))
    .map((key) => key as keyof TrainVerbOptions)
    .filter((key) => !isDeepStrictEqual(options[key], stored[key]))
    .map(
      (key) =>
        `--${kebabCase(key)} ${JSON.stringify(options[key])}: the run in ${options.output} was begun with ${JSON.stringify(stored[key]) ?? "nothing"}; resume it with the same, or start another run`,
    );
  if (faults.length > 0) throw new UsageError(faults, "train");
  const changed = Object.fromEntries(
    Object.entries(options).filter(([key]) => given.has(key) && freeKeys.includes(key)),
  ) as Partial<TrainVerbOptions>;
  return { ...stored, ...changed, output: options.output, resume: true, overwrite: false };
}
