import type { StepReport } from "@lathe/train";
import { finetune } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import type { RowsUse } from "./rows/row-files.js";
import { rowsHash } from "./rows/rows-hash.js";
import { readPassport } from "./record/read-passport.js";
import { type FileHashes, modelHashes } from "./record/run-hashes.js";
import { progressOf, type RecipeHooks } from "./recipe-event.js";
import { expectation, RecipeError } from "./recipe-error.js";
import { optionsOfSettings } from "./training/run-settings.js";

/** Which run {@link rerun} repeats, and where. */
export interface RerunOptions extends RecipeHooks {
  /** The `report.json` of a complete run. */
  readonly report: string;
  /** Folder of the new run; must be free. */
  readonly output: string;
  /** Base model's folder, where it is no longer where it was. */
  readonly model?: string | undefined;
  /** Rows, where they are no longer where they were; likewise `validation`. */
  readonly data?: string | undefined;
  readonly validation?: string | undefined;
  /** Language of the new run's page. */
  readonly language?: FinetuneOptions["language"];
}

/** Something that is not as it was in the run that was repeated. */
export interface RerunDifference {
  /** A file that went in, a file that came out, or the program. */
  readonly kind: "input" | "result" | "program";
  /** Its path, or what it is of the program. */
  readonly name: string;
  readonly before: string | null;
  readonly now: string | null;
}

/** How a run that was repeated compares. */
export interface RerunOutcome {
  /** Whether every file of the result has the same bits. */
  readonly equal: boolean;
  /** What differs, of what went in first: it may be why the result does. */
  readonly differences: readonly RerunDifference[];
  /** Folder of the new run. */
  readonly run: string;
  readonly steps: number;
}

/**
 * Repeats a run from its report, with the settings that it had, and compares the bits of what it wrote. Files that are not
 * what they were are told of as differences; the run is repeated all the same.
 *
 * @returns how it compares, after a report for every step
 * @throws RunPassportError when the report is none of a complete run; RecipeError where rows came from memory and no file is
 * given; what {@link finetune} throws
 */
export async function* rerun(options: RerunOptions): AsyncGenerator<StepReport, RerunOutcome, undefined> {
  const { report, output, signal, onEvent, language } = options;
  const { settings, hashes, lathe, engineDescription } = await readPassport(report);
  const before = optionsOfSettings(settings);
  const model = options.model ?? before.model;
  const data = options.data ?? before.data;
  const validation = options.validation ?? before.validation;
  if (typeof model !== "string")
    throw new RecipeError([expectation("model", "the base model's folder", "nothing")]);
  if (typeof data !== "string") {
    throw new RecipeError([
      expectation("data", "the file of rows, as those of the run came from memory", "nothing"),
    ]);
  }
  const inputs = [
    ...compared("input", hashes.model, await modelHashes(model, progressOf(onEvent, "hashing"))),
    ...(await comparedRows("data", "training", data, hashes.data)),
    ...(typeof validation === "string"
      ? await comparedRows("validation", "validation", validation, hashes.validation)
      : []),
  ];
  const steps = finetune({ ...before, model, data, validation, output, language, signal, onEvent });
  const summary = yield* steps;
  const now = summary.passport;
  const program: RerunDifference[] = [];
  if (now) {
    for (const [name, old, fresh] of [
      ["lathe", lathe, now.lathe],
      ["engine", engineDescription, now.engineDescription],
    ] as const) {
      if (old !== fresh) program.push({ kind: "program", name, before: old, now: fresh });
    }
  }
  const results = compared("result", hashes.result, now?.hashes.result ?? {});
  return {
    equal: now !== null && results.length === 0,
    differences: [...inputs, ...program, ...results],
    run: output,
    steps: summary.steps,
  };
}

function compared(kind: "input" | "result", before: FileHashes, now: FileHashes): RerunDifference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().flatMap((name) => {
    const [old, fresh] = [before, now].map((hashes) => (Object.hasOwn(hashes, name) ? hashes[name] : null));
    return old === fresh ? [] : [{ kind, name, before: old, now: fresh }];
  });
}

async function comparedRows(
  name: string,
  use: RowsUse,
  path: string,
  before: string | null,
): Promise<RerunDifference[]> {
  const now = await rowsHash(path, use);
  return before === null || before === now ? [] : [{ kind: "input", name: `${name}: ${path}`, before, now }];
}
