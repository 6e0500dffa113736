import { basename, join } from "node:path";
import { FileError, isRecord, phrase, readJsonFile, statIfThere } from "@lathe/files";

/** Files by which Hugging Face `datasets` knows a folder of `save_to_disk`: of one data set, and of several by their splits. */
export const STATE_FILE = "state.json";
export const DICTIONARY_FILE = "dataset_dict.json";

const STATE_BYTES_LIMIT = 16 * 1024 * 1024;

/**
 * The Arrow files of a folder that `save_to_disk` of Hugging Face `datasets` wrote, in the order of their rows.
 *
 * @throws FileError for a folder that is none, or that holds a data set for each of several splits
 */
export async function savedDatasetFiles(folder: string): Promise<string[]> {
  const state = join(folder, STATE_FILE);
  if ((await statIfThere(state)) === null) {
    const isDictionary = (await statIfThere(join(folder, DICTIONARY_FILE))) !== null;
    throw new FileError(
      folder,
      isDictionary
        ? "holds a data set for each split; name the folder of one of them"
        : phrase`is a folder without a ${STATE_FILE}, by which a saved data set is known; name a file`,
    );
  }
  const value = await readJsonFile(state, { limit: STATE_BYTES_LIMIT });
  const files =
    isRecord(value) && Array.isArray(value["_data_files"]) ? (value["_data_files"] as unknown[]) : [];
  const names = files.map((file) => (isRecord(file) ? file["filename"] : undefined));
  const isPlain = (name: unknown): name is string =>
    typeof name === "string" && name !== "" && basename(name) === name;
  if (names.length === 0 || !names.every(isPlain)) {
    throw new FileError(state, "expected a list of files in its folder under _data_files");
  }
  return names.map((name) => join(folder, name));
}
