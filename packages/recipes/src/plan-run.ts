import { resolveTrainConfig } from "@lathe/train";
import { withField } from "./fields-of-packages.js";
import { checkFinetuneOptions, prepareRun } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { cardBytes } from "./memory/card-bytes.js";
import { diskRate, type DiskTimes, diskTimes } from "./memory/disk-times.js";
import type { MemoryTerms } from "./memory/memory-terms.js";
import type { MemoryPlan } from "./memory/plan-memory.js";
import { assumedRows } from "./memory/assumed-rows.js";
import type { TensorPlan } from "./memory/plan-tensor.js";
import type { Remedy } from "./memory/plan-remedies.js";
import { planStep, type StepToPlan, type StreamedStepPlan } from "./memory/plan-step.js";
import { engineOf, folderOf, type ModelInput } from "./model/open-model.js";
import { methodOf } from "./training/method-of.js";
import { expectation, RecipeError } from "./recipe-error.js";

/** A run to plan. Nothing of it is written, and no weights are read. */
export interface PlanRunOptions extends Omit<
  FinetuneOptions,
  "output" | "overwrite" | "resume" | "settings"
> {
  /** A graphics card that the run is meant for, by a name that ends with its memory: `rtx3060-12gb`. Not with `memory`. */
  readonly card?: string | undefined;
  /** How fast the disk is that the run is meant for: bytes a second, or a rate such as `"3GB/s"`. */
  readonly disk?: number | string | undefined;
  /** Ranks that are to share the steps; what one of them takes is planned. @defaultValue those of `collective`, else 1 */
  readonly ranks?: number | undefined;
}

/** What a run takes, and what would take less. */
export interface RunPlan extends Pick<MemoryPlan, "checkpointing" | "recomputedLayers" | "layerCount"> {
  /** Bytes by what they are for, at the worst moment of a step. */
  readonly terms: MemoryTerms;
  readonly totalBytes: number;
  readonly budgetBytes: number;
  readonly fits: boolean;
  /** About how long a step takes on this machine. */
  readonly secondsPerStep: number;
  /** How long reading the weights and writing a checkpoint take; null where no disk is given. */
  readonly disk: DiskTimes | null;
  /** What makes a step smaller, the cheapest first, each on its own. */
  readonly remedies: readonly Remedy[];
  /**
   * The same step with weights that stay on the disk, a layer at a time in memory; null where they fit and `stream` does not ask for
   * it, and where the weights themselves are trained.
   */
  readonly stream: StreamedStepPlan | null;
  /** The step beside one with whole layers; null unless `tensorParallel` has ranks share them. */
  readonly tensor: TensorPlan | null;
}

/**
 * Plans memory and time of a run by its options and rows. Memory is planned as `planMemory` does; the time is that of products,
 * attention and head at the pace that they have here, and a share for everything else. A folder with a config alone will do:
 * the tensors are those of the architecture then, in the type that the config names. Without rows, rows of `maxTokens` tokens
 * are planned, 512 unless given.
 *
 * @throws RecipeError naming the field, and what reading the options' files throws
 */
export async function planRun(options: PlanRunOptions): Promise<RunPlan> {
  const { card, disk, ranks, ...run } = options;
  if (card !== undefined && run.memory !== undefined) {
    throw new RecipeError([expectation("card", "nothing beside memory, which says the same", card)]);
  }
  const memory = card === undefined ? run.memory : cardBytes(card);
  if (disk !== undefined) diskRate(disk);
  if (ranks !== undefined && !(Number.isSafeInteger(ranks) && ranks >= 1)) {
    throw new RecipeError([expectation("ranks", "a whole number from 1", String(ranks))]);
  }
  try {
    await checkFinetuneOptions(run, ["model"]);
    const prepared = run.data === undefined ? await withoutRows(run) : await prepareRun(run, null);
    const engine = await engineOf(run, undefined, prepared.folder.path);
    const step = await planStep(prepared, engine, memory, ranks);
    const { optimizer } = prepared.config;
    const times =
      disk === undefined
        ? null
        : await diskTimes(disk, prepared.folder, { ...prepared.method.plan, optimizer });
    const { checkpointing, recomputedLayers, layerCount, terms, expectedBytes, budgetBytes, fits } =
      step.memory;
    return {
      checkpointing,
      recomputedLayers,
      layerCount,
      terms,
      totalBytes: expectedBytes,
      budgetBytes,
      fits,
      secondsPerStep: step.seconds(),
      disk: times,
      remedies: await step.remedies(),
      stream:
        (fits && run.stream !== true) || prepared.method.name === "full" || (run.tensorParallel ?? 1) > 1
          ? null
          : await step.streamed(disk === undefined ? null : diskRate(disk)),
      tensor: await step.tensor(),
    };
  } catch (error) {
    throw withField(error);
  }
}

/** A run whose rows nobody has yet. */
async function withoutRows(options: PlanRunOptions): Promise<StepToPlan> {
  const config = resolveTrainConfig(options.train);
  const folder = await folderOf(options.model as ModelInput, options.onEvent);
  const method = await methodOf(options, folder, config.seed, false);
  const objective = assumedRows(folder.config, config, options.maxTokens);
  return { options, method, config, folder, objective };
}
