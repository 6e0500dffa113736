import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpointing } from "@lathe/model";
import { availableBytes, type StepReport } from "@lathe/train";
import { finetuneIn, type HostFinetuneOptions } from "../embed/host-finetune.js";
import { finetune, type FinetuneSummary } from "../finetune.js";
import { filesBytes } from "../memory/files-bytes.js";
import type { RecipeEvent } from "../recipe-event.js";
import { readSettings, type RunSettings } from "../training/run-settings.js";
import { countKills, type CountKills } from "./count-kills.js";
import { nextRung } from "./next-rung.js";
import { type KnownMemory, openProcess } from "./open-process.js";
import { outOfMemoryReason } from "./out-of-memory.js";

/** Share of the free memory that the files of a model take from which on a run is watched from outside. */
const WATCHED_FROM = 0.25;

/** How {@link finetuneWithinMemory} goes about it. */
export interface WithinMemoryOptions extends HostFinetuneOptions {
  /**
   * Whether the run is in a process of its own from the start, so that the system may end it. @defaultValue where the
   * model's files are more than a quarter of what is free, under the limit of a control group too
   */
  readonly watched?: boolean | undefined;
  /** Hears of the process that the run is in, whenever one is started. */
  readonly onProcess?: ((pid: number) => void) | undefined;
  /**
   * Counts the processes that were ended for want of memory: a run that was killed is only taken for one of them if there are
   * more than before it. Where it is null, a kill near the budget is. @defaultValue what the control group counts, else the system
   */
  readonly countKills?: CountKills | undefined;
}

/** Whether the system may have to end the run. */
async function isTight({ model }: HostFinetuneOptions): Promise<boolean> {
  const bytes = typeof model === "string" ? await filesBytes(model) : 0;
  return bytes > WATCHED_FROM * (await availableBytes());
}

/** Milliseconds by which clocks of files may be behind. */
const CLOCK_SLACK = 1000;

/** Whether a run has written enough to be resumed, and is not an earlier one that it was to replace. */
async function hasBegun(output: string, started: number): Promise<boolean> {
  const entries = await readdir(output).catch((): string[] => []);
  if (!entries.includes("config.json") || !entries.includes("checkpoints")) return false;
  return (await stat(join(output, "config.json"))).mtimeMs >= started - CLOCK_SLACK;
}

/**
 * `finetune` that goes on where memory runs out: an allocation was refused, or the system ended the process. A fresh process then
 * resumes the run from its newest checkpoint, which is of the last complete step where an allocation was refused, with the next
 * remedy: all layers computed again, smaller micro-batches under the same effective batch, nf4. An event
 * `out-of-memory` says what was changed. Where nothing is left, or the run has no folder, what ended it is thrown.
 *
 * The run is in this process unless it has to be watched from outside; reports of steps that are done again come again.
 *
 * @throws OutOfMemoryError and what `finetune` throws
 */
export async function* finetuneWithinMemory(
  options: WithinMemoryOptions,
): AsyncGenerator<StepReport, FinetuneSummary, undefined> {
  const { watched, onProcess, countKills: count = countKills, ...asked } = options;
  let attempt: HostFinetuneOptions = asked;
  let isWatched = watched ?? (await isTight(asked));
  const known: KnownMemory = { budgetBytes: Number.POSITIVE_INFINITY, residentBytes: 0 };
  let checkpointing: Checkpointing | null = null;
  let settings: RunSettings | null = null;
  const started = Date.now();
  const onEvent = (event: RecipeEvent): void => {
    if (event.type === "memory") checkpointing = event.plan.checkpointing;
    asked.onEvent?.(event);
  };
  for (;;) {
    const run = { ...attempt, onEvent };
    try {
      return yield* isWatched
        ? finetuneIn(() => openProcess(known, () => count(), onProcess), run)
        : finetune(run);
    } catch (error) {
      const reason = outOfMemoryReason(error);
      const { output } = asked;
      if (reason === null || output === undefined || !(asked.resume || (await hasBegun(output, started))))
        throw error;
      // A run that ended before it had written what it was changed to is not changed to the same again.
      settings ??= { ...(await readSettings(output)), ...(checkpointing === null ? {} : { checkpointing }) };
      const rung = nextRung(settings);
      if (rung === null) throw error;
      const { train, ...others } = rung.options;
      settings = { ...settings, ...others, ...train };
      asked.onEvent?.({ type: "out-of-memory", reason, settings: rung.settings });
      const { signal, control, language, processBytes, data, validation } = asked;
      // Rows in memory are given again; files are the run's own.
      const rows = {
        data: typeof data === "string" ? undefined : data,
        validation: typeof validation === "string" ? undefined : validation,
      };
      attempt = {
        output,
        resume: true,
        ...rows,
        ...others,
        train: { ...attempt.train, ...train },
        signal,
        control,
        language,
        processBytes,
      };
      isWatched = true;
    }
  }
}
