import { basename, join } from "node:path";
import { generateReplies } from "@lathe/eval/model";
import { EventFile, type ReportLanguage, runReport, type SampleReplies } from "@lathe/report";
import type { Tokenizer } from "@lathe/model";
import type { RunFolder, StepReport } from "@lathe/train";
import { rowsHash } from "../rows/rows-hash.js";
import type { RowsInput } from "../rows/rows-input.js";
import type { OpenedModel } from "../model/open-model.js";
import { progressOf, type RecipeHooks } from "../recipe-event.js";
import type { RunSettings } from "../training/run-settings.js";
import type { TrainedFolders } from "../training/training-method.js";
import { convergenceStep } from "./convergence-step.js";
import { EnergyMeter } from "./energy-meter.js";
import { modelHashes, resultHashes } from "./run-hashes.js";
import { type RunPassport, thisMachine } from "./run-passport.js";
import type { LayerRouting } from "./routing-log.js";
import type { SamplePrompt } from "./sample-prompt.js";

/** Tokens of a sample reply at most: enough to see how it changes. */
const SAMPLE_TOKENS = 48;

const TENSORBOARD_FOLDER = "tensorboard";

/** What a run shows of itself. */
export interface RunRecordOptions {
  /** Whether TensorBoard's event files are written. */
  readonly tensorboard: boolean;
  /** What the model is asked before the first step and after every evaluation. */
  readonly prompts: readonly SamplePrompt[];
  /** Of the page. */
  readonly language: ReportLanguage;
  readonly hooks: RecipeHooks;
}

/** What the passport says of the rows. */
export interface RowsOrigin {
  readonly data: RowsInput;
  readonly validation?: RowsInput | undefined;
}

/** Keeps what a run shows of itself: replies over time, event files, and at the end its page and its passport. */
export class RunRecord {
  readonly #run: RunFolder;
  readonly #opened: OpenedModel;
  readonly #options: RunRecordOptions;
  readonly #energy = new EnergyMeter();
  #events: EventFile | null = null;

  constructor(run: RunFolder, opened: OpenedModel, options: RunRecordOptions) {
    this.#run = run;
    this.#opened = opened;
    this.#options = options;
  }

  /** What is shown of the time before the steps that follow. @param done the last step of an earlier part, or 0 */
  async begin(done: number): Promise<void> {
    const { tensorboard } = this.#options;
    await this.#run.truncateSamples(done);
    if (tensorboard) {
      const folder = join(this.#run.path, TENSORBOARD_FOLDER);
      this.#events = await EventFile.open(folder, { firstStep: done + 1 });
    }
    if (done === 0) await this.#sample(0);
  }

  /** Takes the report of a step. */
  async step(report: StepReport): Promise<void> {
    this.#energy.read();
    await this.#events?.add(report.step, scalarsOf(report));
    if (report.validationLoss !== undefined) await this.#sample(report.step);
  }

  /** Gives back what is open. Closing twice is harmless. */
  async close(): Promise<void> {
    const events = this.#events;
    this.#events = null;
    await events?.close();
  }

  /** What a complete run came from. */
  async passport(settings: RunSettings, rows: RowsOrigin, folders: TrainedFolders): Promise<RunPassport> {
    const { engine, path, tokenizer } = this.#opened;
    const written = [folders.adapter, folders.model].filter((folder) => folder !== null);
    return {
      ...thisMachine(engine),
      settings,
      hashes: {
        model: await modelHashes(path, progressOf(this.#options.hooks.onEvent, "hashing")),
        data: await rowsHash(rows.data, "training"),
        validation: await rowsHash(rows.validation, "validation"),
        result: await resultHashes(this.#run.path, written),
      },
      tokenizer: tokenizer && {
        sha256: tokenizer.hash,
        chatTemplateSha256: tokenizer.templateHash,
      },
      convergenceStep: convergenceStep(await this.#run.readMetrics(Number.POSITIVE_INFINITY)),
      energyJoules: this.#energy.joules,
    };
  }

  /** Writes what is told of a complete run, as JSON and as a page. */
  async write(report: {
    readonly passport: RunPassport;
    readonly routing: readonly LayerRouting[];
  }): Promise<void> {
    await this.#run.write("report.json", `${JSON.stringify(report, null, 2)}\n`);
    const { passport, routing, ...totals } = report;
    const { settings, ...origin } = passport;
    const page = runReport({
      title: basename(this.#run.path),
      language: this.#options.language,
      metrics: await this.#run.readMetrics(Number.POSITIVE_INFINITY),
      settings,
      passport: { ...totals, ...origin },
      samples: await this.#samples(),
      routing,
    });
    await this.#run.write("report.html", page);
  }

  async #sample(step: number): Promise<void> {
    const { prompts, hooks } = this.#options;
    const { model, tokenizer } = this.#opened;
    if (prompts.length === 0 || !tokenizer || hooks.signal?.aborted) return;
    const ids = await generateReplies(
      model,
      prompts.map(({ promptIds }) => promptIds),
      { maxNewTokens: SAMPLE_TOKENS, temperature: 0, onProgress: progressOf(hooks.onEvent, "answering") },
    );
    const replies = ids.map((reply) => tokenizer.decode(reply).trim());
    const asked = step === 0 ? { prompts: this.#asked(tokenizer) } : {};
    await this.#run.appendSamples({ step, replies, ...asked });
  }

  /** What the model is asked, in words. */
  #asked(tokenizer: Tokenizer): { readonly prompt: string; readonly reference: string }[] {
    return this.#options.prompts.map(({ promptIds, referenceIds }) => ({
      prompt: tokenizer.decode(promptIds).trim(),
      reference: tokenizer.decode(referenceIds).trim(),
    }));
  }

  async #samples(): Promise<SampleReplies[]> {
    const { prompts } = this.#options;
    const { tokenizer } = this.#opened;
    if (prompts.length === 0 || !tokenizer) return [];
    const lines = await this.#run.readSamples(Number.POSITIVE_INFINITY);
    return this.#asked(tokenizer).map((asked, index) => ({
      ...asked,
      replies: lines.map(({ step, replies }) => ({ step, text: replies[index] ?? "" })),
    }));
  }
}

/** What event files have of a step, in the groups that people look for. */
function scalarsOf(report: StepReport): Record<string, number> {
  const groups: Readonly<Record<string, readonly string[]>> = {
    train: ["loss", "learningRate", "gradNorm", "lossScale", "epoch"],
    preference: ["chosenRewards", "rejectedRewards", "margin", "accuracy"],
    speed: ["tokensPerSecond", "seconds"],
    memory: ["residentBytes", "tensorBytes"],
  };
  const values = report as unknown as Readonly<Record<string, unknown>>;
  const scalars: Record<string, number> = {};
  const add = (tag: string, value: unknown): void => {
    if (typeof value === "number") scalars[tag] = value;
  };
  for (const [group, keys] of Object.entries(groups)) {
    for (const key of keys) add(`${group}/${key}`, values[key]);
  }
  add("eval/loss", report.validationLoss);
  return scalars;
}
