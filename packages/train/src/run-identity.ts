import { type LossScaleConfig, lossScaleDefaults } from "./loss-scale.js";
import type { TrainableParameter } from "./parameter.js";
import type { TrainConfig } from "./train-config.js";

/** What must be the same for a resumed run to give the same bits. */
export type RunIdentity = Readonly<Record<string, unknown>>;

/** What a run is known by. */
export interface RunFeatures {
  readonly engine: string;
  readonly parameters: readonly TrainableParameter[];
  readonly config: TrainConfig;
  /** Hash of the rows, or what their source gives for it. */
  readonly rows: string;
  readonly totalSteps: number;
  /** Undefined where the loss is not scaled. */
  readonly lossScale?: Partial<LossScaleConfig> | undefined;
}

/** Puts together what must not change when a run goes on. */
export function runIdentity({
  engine,
  parameters,
  config,
  rows,
  totalSteps,
  lossScale,
}: RunFeatures): RunIdentity {
  // When to save and evaluate changes neither the numbers nor their order; the length does so through the schedule alone.
  const { saveEvery: _save, evalEvery: _evaluate, epochs: _epochs, maxSteps: _steps, ...settings } = config;
  return {
    engine,
    parameters: parameters.map(({ name, variable }) => [name, variable.shape]),
    ...settings,
    rows,
    totalSteps: settings.schedule === "constant" ? null : totalSteps,
    lossScale: lossScale ? { ...lossScaleDefaults, ...lossScale } : null,
  };
}

/** Says how a checkpoint belongs to another run than the one that is to go on; null if it does not. */
export function identityFault(stored: RunIdentity, current: RunIdentity): string | null {
  const text = (value: unknown): string => JSON.stringify(value) ?? "nothing";
  for (const [key, value] of Object.entries(current)) {
    // Checkpoints from before losses were scaled do not speak of it.
    const before = key === "lossScale" ? (stored[key] ?? null) : stored[key];
    if (text(before) === text(value)) continue;
    switch (key) {
      case "engine":
        return (
          `was written with engine ${String(before)}, and this is engine ${String(value)}, which rounds differently; ` +
          `resume with --engine ${String(before)}`
        );
      case "parameters":
        return `${parameterFault(before, value)}; resume with the same model and adapter options`;
      case "rows":
        return "was written with rows other than those of this run; resume with the same data, in the same order";
      case "totalSteps":
        return (
          `was written with ${text(before)} as the number of steps of the whole run, this run has ${text(value)}, and the ` +
          "learning rates follow from it; resume with the same epochs and maxSteps"
        );
      default:
        return `was written with ${key} ${text(before)}, this run has ${text(value)}; resume with the same settings and data`;
    }
  }
  return null;
}

/** Names the first parameter that differs, as lists of hundreds tell nobody anything. */
function parameterFault(stored: unknown, current: unknown): string {
  const before = Array.isArray(stored) ? (stored as unknown[]) : [];
  const now = current as unknown[];
  const index = now.findIndex((entry, i) => JSON.stringify(entry) !== JSON.stringify(before[i]));
  const place = index < 0 ? now.length : index;
  const show = (entry: unknown): string => {
    if (!Array.isArray(entry)) return "none";
    const [name, shape] = entry as unknown[];
    return `${String(name)} ${JSON.stringify(shape)}`;
  };
  return `was written with ${show(before[place])} as parameter ${place + 1} of ${before.length}, this run has ${show(now[place])} there, of ${now.length}`;
}
