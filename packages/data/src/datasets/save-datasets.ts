import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkWritable, FileError, phrase, recoverPlace, replaceFolder, statIfThere } from "@lathe/files";
import { checkInteger } from "../option-error.js";
import { checkOutputFolder } from "../prepare/prepared-folder.js";
import { SPLITS } from "../split/split-weights.js";
import { DICTIONARY_FILE, STATE_FILE } from "../token-files/saved-dataset.js";
import { TokenDataset } from "../token-files/token-dataset.js";
import type { TokenRow } from "../token-files/token-row.js";
import { writeTokenFile } from "../token-files/write-token-file.js";

/** What {@link saveDatasets} writes where. */
export interface SaveDatasetsOptions {
  /** Folder with `train.arrow`, `validation.arrow` and `test.arrow`, or some of them, as prepare writes them with a tokenizer. */
  readonly folder: string;
  /** Folder to write, which does not exist or is empty. */
  readonly output: string;
  /** Tokens of a shard at most, at eight bytes each. @defaultValue 2²⁶: half a gigabyte */
  readonly shardTokens?: number;
  /** Stops the work; nothing is written then. */
  readonly signal?: AbortSignal;
}

/** A split as it was saved. */
export interface SavedDataset {
  readonly split: string;
  readonly rows: number;
  readonly tokens: number;
  /** Arrow files of it. */
  readonly shards: number;
}

const SHARD_TOKENS = 2 ** 26;
const INFO_FILE = "dataset_info.json";
const SHARD_DIGITS = 5;

/** The columns in the words of `datasets`; versions before the fourth know lists by this name alone. */
const TOKEN_LIST = { feature: { dtype: "int32", _type: "Value" }, _type: "Sequence" };
const FEATURES = {
  input_ids: TOKEN_LIST,
  labels: TOKEN_LIST,
  row: { dtype: "int32", _type: "Value" },
  weight: { dtype: "float64", _type: "Value" },
};

/**
 * Writes the token files of a prepared folder as Hugging Face `datasets` saves a `DatasetDict`: a folder for each split with Arrow shards,
 * which Python maps into memory (`datasets.load_from_disk`). The folder appears as a whole or not at all.
 *
 * @throws FileError when the folder has no token files
 * @throws TokenFileError for a token file that is damaged
 * @throws OutputFolderError when the output folder must be left alone
 * @throws OptionError
 */
export async function saveDatasets(options: SaveDatasetsOptions): Promise<SavedDataset[]> {
  const { folder, output, signal } = options;
  const shardTokens = checkInteger("shardTokens", options.shardTokens ?? SHARD_TOKENS, 1);
  const splits: { split: string; file: string }[] = [];
  for (const split of SPLITS) {
    const file = join(folder, `${split}.arrow`);
    if ((await statIfThere(file)) !== null) splits.push({ split, file });
  }
  if (splits.length === 0) {
    throw new FileError(
      folder,
      phrase`has no ${"train.arrow"}; prepare the rows with a model, whose tokenizer makes it`,
    );
  }
  const check = (): Promise<void> =>
    checkOutputFolder(
      output,
      splits.map(({ file }) => file),
      false,
    );
  await recoverPlace(output);
  await check();
  await checkWritable(output);
  const fill = async (place: string): Promise<SavedDataset[]> => {
    const saved: SavedDataset[] = [];
    for (const { split, file } of splits) {
      const dataset = await TokenDataset.open(file);
      await mkdir(join(place, split));
      saved.push(await saveSplit(join(place, split), split, dataset, shardTokens, signal));
    }
    await writeJsonFile(join(place, DICTIONARY_FILE), { splits: splits.map(({ split }) => split) });
    return saved;
  };
  return replaceFolder(output, fill, { check });
}

async function saveSplit(
  place: string,
  split: string,
  dataset: TokenDataset,
  shardTokens: number,
  signal: AbortSignal | undefined,
): Promise<SavedDataset> {
  const lengths = dataset.lengths();
  const starts = shardStarts(lengths, shardTokens);
  const fingerprint = createHash("sha256").update(JSON.stringify([split, dataset.metadata]));
  const number = (shard: number): string => String(shard).padStart(SHARD_DIGITS, "0");
  const names = starts.map((_, shard) => `data-${number(shard)}-of-${number(starts.length)}.arrow`);
  for (const [shard, start] of starts.entries()) {
    const end = starts[shard + 1] ?? dataset.length;
    const rows = function* (): Generator<TokenRow, void, undefined> {
      for (let index = start; index < end; index++) {
        signal?.throwIfAborted();
        const row = dataset.view(index);
        fingerprint.update(row.inputIds).update(row.labels);
        yield row;
      }
    };
    const metadata = dataset.metadata ?? { tokenizerHash: null, templateHash: null, maxTokens: null };
    await writeTokenFile(join(place, names[shard]), rows(), metadata);
  }
  await writeJsonFile(join(place, INFO_FILE), {
    citation: "",
    description: "",
    features: FEATURES,
    homepage: "",
    license: "",
  });
  await writeJsonFile(join(place, STATE_FILE), {
    _data_files: names.map((filename) => ({ filename })),
    _fingerprint: fingerprint.digest("hex").slice(0, 16),
    _format_columns: null,
    _format_kwargs: {},
    _format_type: null,
    _output_all_columns: false,
    _split: split,
  });
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return { split, rows: dataset.length, tokens, shards: names.length };
}

/** First row of every shard; a row that is longer than a shard may be is one of its own, and no rows are one shard. */
function shardStarts(lengths: Int32Array, shardTokens: number): number[] {
  const starts = [0];
  let tokens = 0;
  for (const [row, length] of lengths.entries()) {
    if (tokens > 0 && tokens + length > shardTokens) {
      starts.push(row);
      tokens = 0;
    }
    tokens += length;
  }
  return starts;
}

async function writeJsonFile(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { flush: true });
}
