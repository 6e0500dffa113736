import { startEngine } from "@lathe/tensor";
import { withField } from "./fields-of-packages.js";
import { checkFinetuneOptions, prepareRun } from "./finetune.js";
import type { FinetuneOptions } from "./finetune-options.js";
import { cardBytes } from "./memory/card-bytes.js";
import type { MemoryTerms } from "./memory/memory-terms.js";
import { type MemoryPlan, planMemory } from "./memory/plan-memory.js";
import { planRemedies, type Remedy } from "./memory/plan-remedies.js";
import { stepSeconds } from "./memory/step-seconds.js";
import { expectation, RecipeError } from "./recipe-error.js";

/** A run to plan. Nothing of it is written, and no weights are read. */
export interface PlanRunOptions extends Omit<
  FinetuneOptions,
  "output" | "overwrite" | "resume" | "settings"
> {
  /** A graphics card that the run is meant for, by a name that ends with its memory: `rtx3060-12gb`. Not with `memory`. */
  readonly card?: string | undefined;
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
  /** What makes a step smaller, the cheapest first, each on its own. */
  readonly remedies: readonly Remedy[];
}

/**
 * Plans memory and time of a run by its options and rows. Memory is planned as {@link planMemory} does; the time is that of the
 * step's products at the rate that one of the model's size has here, and a share for everything else.
 *
 * @throws RecipeError naming the field, and what reading the options' files throws
 */
export async function planRun(options: PlanRunOptions): Promise<RunPlan> {
  const { card, ...run } = options;
  if (card !== undefined && run.memory !== undefined) {
    throw new RecipeError([expectation("card", "nothing beside memory, which says the same", card)]);
  }
  const memory = card === undefined ? run.memory : cardBytes(card);
  try {
    checkFinetuneOptions(run);
    const { config, method, folder, objective } = await prepareRun(run, null);
    const engine =
      typeof run.engine === "object" ? run.engine : await startEngine(run.engine ?? "auto", run.precision);
    const { batchSize, gradientAccumulation, optimizer } = config;
    const { checkpointing = "auto", quantize } = run;
    const asked = {
      model: folder.path,
      ...method.plan,
      optimizer,
      gradientAccumulation,
      quantize,
      engine,
      memory,
      checkpointing,
    };
    const step = objective.largest();
    const plan = await planMemory({ ...asked, ...step });
    const remedies = await planRemedies({
      ...asked,
      batchSize,
      gradientAccumulation,
      largest: (size) => objective.largest(size),
    });
    const mean = objective.maskReport(folder.config.endOfSequenceIds);
    const rows = batchSize * gradientAccumulation;
    // Where labels do not tell, micro-batches count as if all were like the largest.
    const tokens = mean ? (mean.tokens / mean.rows) * rows : step.tokens * gradientAccumulation;
    const labels = mean ? (mean.scoredTokens / mean.rows) * rows : step.labels * gradientAccumulation;
    const trainsWeights = method.name === "full";
    const { recomputedLayers, layerCount, terms, expectedBytes, budgetBytes, fits } = plan;
    return {
      checkpointing: plan.checkpointing,
      recomputedLayers,
      layerCount,
      terms,
      totalBytes: expectedBytes,
      budgetBytes,
      fits,
      secondsPerStep: stepSeconds(engine, folder.config, { tokens, labels, trainsWeights, plan }),
      remedies,
    };
  } catch (error) {
    throw withField(error);
  }
}
