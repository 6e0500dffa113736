import { join } from "node:path";
import { FileError, phrase, statIfThere } from "@lathe/files";
import { SCRIPTS, type ScriptName, scriptShare } from "../clean/scripts.js";
import { askedText, comparedText } from "../near/compared-text.js";
import { type PreparedCounts, readPreparedCounts } from "../prepare/read-manifest.js";
import type { RowPlace } from "../read/row-place.js";
import { readRows } from "../rows/read-rows.js";
import type { Row } from "../rows/row.js";
import { SPLITS, type SplitName } from "../split/split-weights.js";
import { TokenDataset } from "../token-files/token-dataset.js";
import { type Histogram, LengthHistogram } from "./histogram.js";
import { Reservoir } from "./reservoir.js";
import { type NGram, topNGrams } from "./top-n-grams.js";
import { type Topic, topicsOf } from "./topics.js";
import { wordsOf } from "./words-of.js";

/** What {@link surveyFolder} looks at. */
export interface SurveyOptions {
  /** Folder that prepare wrote, or one with some of `train.jsonl`, `validation.jsonl` and `test.jsonl`. */
  readonly folder: string;
  /** Chooses the rows that n-grams and topics are of; a whole number from 0. @defaultValue 0 */
  readonly seed?: number;
  /** Rows of the train split to show in full. @defaultValue 12 */
  readonly sampledRows?: number;
  /** Stops the work. */
  readonly signal?: AbortSignal;
}

/** A row and where it is. */
export interface PlacedRow extends RowPlace {
  readonly row: Row;
}

/** A topic, with a row of it. */
export interface SurveyedTopic extends Omit<Topic, "example"> {
  /** What is asked in the row that is most like the others, cut. */
  readonly example: string;
}

/** What rows are, seen as a whole. */
export interface DataSurvey {
  /** What prepare counted; null for a folder without its manifest. */
  readonly prepared: PreparedCounts | null;
  readonly splits: Readonly<Record<SplitName, number>>;
  /** Characters of a row. */
  readonly characters: Histogram;
  /** Tokens of a row; null where the folder has no token files. */
  readonly tokens: Histogram | null;
  /** Rows by the script that most of their words and characters are written in; `other` for none. */
  readonly languages: Readonly<Partial<Record<ScriptName | "other", number>>>;
  /** Runs of three words that many rows hold, of {@link DataSurvey.lookedAt} rows. */
  readonly nGrams: readonly NGram[];
  /** Of {@link DataSurvey.lookedAt} rows. */
  readonly topics: readonly SurveyedTopic[];
  /** Rows that n-grams and topics are of, drawn at random. */
  readonly lookedAt: number;
  /** Rows of the train split, drawn at random. */
  readonly sample: readonly PlacedRow[];
}

const LOOKED_AT = 5000;
const LOOKED_AT_CHARACTERS = 2000;
const N_GRAM_WORDS = 3;
const SHOWN_N_GRAMS = 20;
const SHOWN_CHARACTERS = 120;
const SAMPLED_ROWS = 12;

/**
 * Looks at all rows of a prepared folder: lengths, languages, what prepare counted, and of some thousand rows drawn at random runs of
 * words and topics. Memory is bounded whatever the number of rows.
 *
 * @throws FileError for a folder without rows
 * @throws RowError for a row that is malformed
 */
export async function surveyFolder(options: SurveyOptions): Promise<DataSurvey> {
  const { folder, seed = 0, sampledRows = SAMPLED_ROWS, signal } = options;
  const splits = { train: 0, validation: 0, test: 0 };
  const characters = new LengthHistogram();
  const languages: Partial<Record<ScriptName | "other", number>> = {};
  const texts = new Reservoir<{ readonly all: string; readonly asked: string }>(LOOKED_AT, seed);
  const sample = new Reservoir<PlacedRow>(sampledRows, seed);
  for (const split of SPLITS) {
    const file = join(folder, `${split}.jsonl`);
    if ((await statIfThere(file)) === null) continue;
    for await (const placed of readRows(file)) {
      signal?.throwIfAborted();
      splits[split] += 1;
      const all = comparedText(placed.row);
      characters.add(all.length);
      const beginning = all.slice(0, LOOKED_AT_CHARACTERS);
      const language = languageOf(beginning);
      languages[language] = (languages[language] ?? 0) + 1;
      texts.add({ all: beginning, asked: askedText(placed.row).slice(0, SHOWN_CHARACTERS) });
      if (split === "train") sample.add(placed);
    }
  }
  if (characters.result().count === 0) {
    throw new FileError(
      folder,
      phrase`has no rows in ${"train.jsonl"} or beside it; name a folder that prepare wrote`,
    );
  }
  const words = texts.items.map(({ all }) => wordsOf(all));
  return {
    prepared: await readPreparedCounts(folder),
    splits,
    characters: characters.result(),
    tokens: await tokenLengths(folder),
    languages,
    nGrams: topNGrams(words, N_GRAM_WORDS, SHOWN_N_GRAMS),
    topics: topicsOf(words, seed).map(({ example, ...topic }) => {
      const { asked, all } = texts.items[example];
      return { ...topic, example: asked || all.slice(0, SHOWN_CHARACTERS) };
    }),
    lookedAt: texts.items.length,
    sample: [...sample.items].sort((left, right) => left.line - right.line),
  };
}

/** Share of a text's letters that Han is not, from which on it is Japanese or Korean. */
const OWN_LETTERS = 0.1;

/** The script of most of a text. Of scripts that share Han, one counts where its own letters are there as well. */
function languageOf(text: string): ScriptName | "other" {
  let best: ScriptName | "other" = "other";
  let most = 0;
  const han = scriptShare(text, ["zh"]) ?? 0;
  for (const script of Object.keys(SCRIPTS) as ScriptName[]) {
    const share = scriptShare(text, [script]) ?? 0;
    const isOwn = script === "zh" || han === 0 || share - han >= OWN_LETTERS;
    if (share > most && isOwn) [best, most] = [script, share];
  }
  return best;
}

async function tokenLengths(folder: string): Promise<Histogram | null> {
  const histogram = new LengthHistogram();
  let isThere = false;
  for (const split of SPLITS) {
    const file = join(folder, `${split}.arrow`);
    if ((await statIfThere(file)) === null) continue;
    isThere = true;
    for (const length of (await TokenDataset.open(file)).lengths()) histogram.add(length);
  }
  return isThere ? histogram.result() : null;
}
