import { asPhrase, field, type Phrase, phrase } from "@lathe/files";
import { createHash } from "node:crypto";
import { type LossScaleConfig, lossScaleDefaults } from "./loss-scale.js";
import type { TrainableParameter } from "./parameter.js";
import type { Schedule } from "./schedule.js";
import type { TrainConfig } from "./train-config.js";

/** What must be the same for a resumed run to go on as itself. */
export type RunIdentity = Readonly<Record<string, unknown>>;

/** What a run is known by. */
export interface RunFeatures {
  readonly engine: string;
  readonly parameters: readonly TrainableParameter[];
  readonly config: TrainConfig;
  /** Hash of the rows, or what their source gives for it. */
  readonly rows: string;
  readonly totalSteps: number;
  /** Constants of the objective and of the optimiser. */
  readonly objective: RunIdentity;
  readonly optimiser: RunIdentity;
  /** Undefined where `config` names the schedule. */
  readonly schedule: Schedule | undefined;
  /** Undefined where the loss is not scaled. */
  readonly lossScale?: Partial<LossScaleConfig> | undefined;
}

/** Puts together what must not change when a run goes on. */
export function runIdentity(features: RunFeatures): RunIdentity {
  const { engine, parameters, config, rows, totalSteps, objective, optimiser, schedule, lossScale } =
    features;
  const { batchSize, maxTokensPerBatch, gradientAccumulation, maxGradNorm, shuffle, groupByLength, seed } =
    config;
  const isOpenEnded = !schedule && config.schedule === "constant";
  return {
    engine,
    parameters: parameters.map(parameterIdentity),
    // How a step's rows fall into micro-batches changes the order of sums alone.
    ...(maxTokensPerBatch > 0
      ? { tokensPerStep: maxTokensPerBatch * gradientAccumulation }
      : { rowsPerStep: batchSize * gradientAccumulation }),
    maxGradNorm,
    shuffle,
    groupByLength,
    seed,
    objective,
    optimiser,
    ...(schedule ? { schedule: ratesOf(schedule, totalSteps) } : namedScheduleIdentity(config)),
    rows,
    // The length changes the numbers through the schedule alone.
    totalSteps: isOpenEnded ? null : totalSteps,
    lossScale: lossScale ? { ...lossScaleDefaults, ...lossScale } : null,
  };
}

function namedScheduleIdentity({ schedule, learningRate, warmupSteps }: TrainConfig): RunIdentity {
  return { schedule, learningRate, warmupSteps };
}

/** A function has no name that would say what it computes, so it is known by its values. */
function ratesOf(schedule: Schedule, totalSteps: number): string {
  const rates = Float64Array.from({ length: totalSteps }, (_, done) => schedule(done + 1, totalSteps));
  return `a function with rates of SHA-256 ${createHash("sha256").update(rates).digest("hex")}`;
}

function parameterIdentity(parameter: TrainableParameter): readonly unknown[] {
  const { name, variable, weightDecay, learningRateFactor } = parameter;
  const own = { weightDecay, learningRateFactor };
  return [name, variable.shape, ...(Object.values(own).some((value) => value !== undefined) ? [own] : [])];
}

/** Says how a checkpoint belongs to another run than the one that is to go on; null if it does not. */
export function identityFault(stored: RunIdentity, current: RunIdentity): Phrase | null {
  const text = (value: unknown): string => JSON.stringify(value) ?? "nothing";
  for (const [key, value] of Object.entries(current)) {
    const before = stored[key];
    if (text(before) === text(value)) continue;
    switch (key) {
      case "engine":
        return phrase`was written with engine ${String(before)}, and this is engine ${String(value)}, which rounds differently; resume with engine ${String(before)}`;
      case "parameters":
        return phrase`${parameterFault(before, value)}; resume with the same model and adapter options`;
      case "rows":
        return asPhrase(
          "was written with rows other than those of this run; resume with the same data, in the same order",
        );
      case "totalSteps":
        return phrase`was written with ${text(before)} as the number of steps of the whole run, this run has ${text(value)}, and the learning rates follow from it; resume with the same ${field("epochs")} and ${field("maxSteps")}`;
      default:
        return phrase`was written with ${key} ${text(before)}, this run has ${text(value)}; resume with the same settings and data`;
    }
  }
  return null;
}

/** Names the first parameter that differs, as lists of hundreds tell nobody anything. */
function parameterFault(stored: unknown, current: unknown): Phrase {
  const before = Array.isArray(stored) ? (stored as unknown[]) : [];
  const now = current as unknown[];
  const index = now.findIndex((entry, i) => JSON.stringify(entry) !== JSON.stringify(before[i]));
  const place = index < 0 ? now.length : index;
  const show = (entry: unknown): string | Phrase => {
    if (!Array.isArray(entry)) return asPhrase("none");
    const [name, ...rest] = entry as unknown[];
    return [String(name), ...rest.map((part) => JSON.stringify(part))].join(" ");
  };
  return phrase`was written with ${show(before[place])} as parameter ${place + 1} of ${before.length}, this run has ${show(now[place])} there, of ${now.length}`;
}
