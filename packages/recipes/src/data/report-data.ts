import { basename, join, resolve } from "node:path";
import { type PlacedRow, RowError, surveyFolder, tokenizeRow, UnscoredRowError } from "@lathe/data";
import { replaceFile, statIfThere } from "@lathe/files";
import { flatBatch, type LabelledRow, targetsOf } from "@lathe/model";
import { dataReport, type ReportLanguage } from "@lathe/report";
import { withField } from "../fields-of-packages.js";
import { type ModelFolder, readModelFolder } from "../model/model-folder.js";
import { type EngineOptions, openModel } from "../model/open-model.js";
import { progressOf, type RecipeHooks } from "../recipe-event.js";
import { expectation, RecipeError } from "../recipe-error.js";
import { readPassport } from "../record/read-passport.js";
import { shownRow, type TokenLosses } from "./shown-row.js";

/** What {@link reportData} shows of which rows. */
export interface ReportDataOptions extends EngineOptions, RecipeHooks {
  /** Folder that prepare wrote, or one with `train.jsonl` and the like. */
  readonly folder: string;
  /** File to write. @defaultValue the folder's name with `-report.html` behind, beside it */
  readonly output?: string | undefined;
  /** Folder of a model whose tokenizer shows rows token by token. @defaultValue that of `run`; without one no tokens are shown */
  readonly model?: string | undefined;
  /** Folder of a run, whose losses of each token are put beside those of the base model. */
  readonly run?: string | undefined;
  /** Rows shown token by token. @defaultValue 12 */
  readonly rows?: number | undefined;
  /** Chooses the rows that are looked at; a whole number from 0. @defaultValue 0 */
  readonly seed?: number | undefined;
  /** Of the page. @defaultValue "en" */
  readonly language?: ReportLanguage | undefined;
}

/** What {@link reportData} wrote. */
export interface WrittenDataReport {
  readonly output: string;
  /** Rows of each split. */
  readonly splits: Readonly<Record<"train" | "validation" | "test", number>>;
  /** Rows shown token by token. */
  readonly shown: number;
  /** Mean loss a learnt token of these rows, in nats; null without a run. */
  readonly lossBefore: number | null;
  readonly lossAfter: number | null;
}

/** A row to show, with its tokens. */
interface TokenisedRow extends PlacedRow {
  readonly tokens: LabelledRow;
}

/**
 * Writes a page that shows what a prepared folder holds: rows by rule, lengths, languages, personal data, n-grams, topics; with a model some
 * rows token by token, and with a run what each token's loss was before and is after it.
 *
 * @throws FileError for a folder without rows, RowError for a row that is malformed
 * @throws RecipeError for a model without a tokenizer, and for a folder that is no run
 * @throws the signal's reason when it aborts; nothing is written then
 */
export async function reportData(options: ReportDataOptions): Promise<WrittenDataReport> {
  try {
    return await report(options);
  } catch (error) {
    throw withField(error);
  }
}

async function report(options: ReportDataOptions): Promise<WrittenDataReport> {
  const { folder, run, rows = 12, seed = 0, language = "en", signal, onEvent } = options;
  const output = options.output ?? `${resolve(folder)}-report.html`;
  const path = options.model ?? (run === undefined ? undefined : await modelOfRun(run));
  const model = path === undefined ? null : await readModelFolder(path, onEvent);
  const { sample, ...survey } = await surveyFolder({
    folder,
    seed,
    sampledRows: model === null ? 0 : rows,
    ...(signal ? { signal } : {}),
  });
  const tokenised = model === null ? [] : tokenise(sample, model);
  const before = run === undefined ? null : await lossesOf(tokenised, path!, null, options);
  const after = run === undefined ? null : await lossesOf(tokenised, path!, run, options);
  const microscope = tokenised.map(({ row, file, line, tokens }, index) =>
    shownRow(`${basename(file)}:${line}`, row, tokens, model!.tokenizer!, {
      before: before?.[index] ?? null,
      after: after?.[index] ?? null,
    }),
  );
  await replaceFile(
    output,
    dataReport({ ...survey, title: basename(resolve(folder)), language, microscope }),
  );
  return {
    output,
    splits: survey.splits,
    shown: microscope.length,
    lossBefore: meanOf(before),
    lossAfter: meanOf(after),
  };
}

/** The base model that a run's settings name. */
async function modelOfRun(run: string): Promise<string> {
  const { settings } = await readPassport(join(run, "report.json"));
  const { model } = settings;
  if (typeof model === "string") return model;
  throw new RecipeError([
    expectation("run", "a run whose settings name its model; name it as model", String(model)),
  ]);
}

/** The rows that have something to learn, in tokens. */
function tokenise(sample: readonly PlacedRow[], { tokenizer, path }: ModelFolder): TokenisedRow[] {
  if (tokenizer === null) throw new RecipeError([expectation("model", "a model with a tokenizer", path)]);
  return sample.flatMap((placed) => {
    try {
      const { inputIds, labels } = tokenizeRow(placed.row, tokenizer);
      return [{ ...placed, tokens: { inputIds, labels } }];
    } catch (error) {
      // A row that this model's template refuses, or that has nothing to learn, is not one that it was trained on.
      if (error instanceof RowError || error instanceof UnscoredRowError) return [];
      throw error;
    }
  });
}

/** Losses of the rows' tokens under a model. @param run the run to put on it; null for the base model */
async function lossesOf(
  rows: readonly TokenisedRow[],
  path: string,
  run: string | null,
  { engine, precision, signal, onEvent }: ReportDataOptions,
): Promise<TokenLosses[]> {
  const hooks = { ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) };
  const trained = run === null ? null : await trainedFolder(run);
  const opened = await openModel(trained?.model ?? path, {
    engine,
    precision,
    ...hooks,
    ...(trained?.adapter === undefined ? {} : { adapter: trained.adapter }),
  });
  try {
    const tell = progressOf(onEvent, "scoring");
    return rows.map(({ tokens }, index) => {
      signal?.throwIfAborted();
      const batch = flatBatch([tokens]);
      const { positions } = targetsOf(batch);
      const losses = new Array<number | null>(tokens.inputIds.length).fill(null);
      // A position predicts the token behind it.
      opened.model.tokenLosses(batch).forEach((loss, at) => (losses[positions[at] + 1] = loss));
      tell(index + 1, rows.length);
      return losses;
    });
  } finally {
    opened.dispose();
  }
}

/** What a run wrote: an adapter, or a model of its own. */
async function trainedFolder(run: string): Promise<{ readonly adapter?: string; readonly model?: string }> {
  const [adapter, model] = [join(run, "adapter"), join(run, "model")];
  if ((await statIfThere(adapter)) !== null) return { adapter };
  if ((await statIfThere(model)) !== null) return { model };
  throw new RecipeError([
    expectation("run", "a run that has ended, with a folder adapter or model in it", run),
  ]);
}

/** Mean over all losses there are; null for none. */
function meanOf(rows: readonly TokenLosses[] | null): number | null {
  const known = (rows ?? []).flat().filter((loss) => loss !== null);
  return known.length === 0 ? null : known.reduce((sum, loss) => sum + loss, 0) / known.length;
}
