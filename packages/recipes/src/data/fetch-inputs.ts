import { basename, dirname, join, resolve } from "node:path";
import { rm } from "node:fs/promises";
import { checkOutputFolder, type PrepareInput } from "@lathe/data";
import { checkWritable } from "@lathe/files";
import { fetchAddress, isFileAddress } from "@lathe/hub";
import type { RecipeHooks } from "../recipe-event.js";

/** Files beside an output that inputs were brought into, to be removed once they are read. */
export interface FetchedInputs {
  /** The inputs, with files here in place of addresses. */
  readonly inputs: readonly PrepareInput[];
  /** Removes what was brought here. */
  remove(): Promise<void>;
}

/** How {@link fetchInputs} goes about it. */
export interface FetchInputsOptions extends RecipeHooks {
  /** The output that the inputs are for. */
  readonly output: string;
  /** Whether what an interrupted run brought here is gone on with. */
  readonly resume: boolean;
  /** Whether an output that prepare made may be replaced. */
  readonly overwrite: boolean;
}

/**
 * Brings the files at addresses among inputs into a hidden folder beside the output: Parquet is read from its end and all inputs
 * are hashed before they are read, so that every byte would be asked for twice otherwise. An interruption leaves them for `resume`.
 *
 * @throws FileError and HubError as `fetchAddress` does; OutputFolderError where the output must not be replaced; nothing stays then
 */
export async function fetchInputs(
  inputs: readonly PrepareInput[],
  { output, resume, overwrite, onEvent, signal }: FetchInputsOptions,
): Promise<FetchedInputs> {
  const place = resolve(output);
  const folder = join(dirname(place), `.${basename(place)}.lathe-inputs`);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const isAddress = (input: PrepareInput): input is string =>
    typeof input === "string" && isFileAddress(input);
  if (!inputs.some(isAddress)) return { inputs, remove: async () => undefined };
  await checkWritable(output);
  if (!resume) {
    // Said before hours of downloading rather than behind them; a run that is resumed may have finished.
    await checkOutputFolder(output, [], overwrite);
    await remove();
  }
  try {
    const found: PrepareInput[] = [];
    for (const input of inputs) {
      if (!isAddress(input)) {
        found.push(input);
        continue;
      }
      found.push(
        await fetchAddress(input, {
          folder,
          signal,
          onBytes: (done, total) => onEvent?.({ type: "progress", phase: "downloading", done, total }),
        }),
      );
    }
    return { inputs: found, remove };
  } catch (error) {
    if (signal?.aborted !== true) await remove();
    throw error;
  }
}
