import {
  type AggregationOptions,
  type AggregationRule,
  type AggregationSettings,
  type ClientWeights,
  resolveAggregation,
} from "@lathe/federated";
import type { LoraConfig } from "@lathe/peft";
import { type TrainConfig, trainDefaults } from "@lathe/train";
import { namingFields } from "../fields-of-packages.js";
import { expectation, RecipeError } from "../recipe-error.js";

/** How updates become one, and what is promised of them. */
export interface AggregationFields {
  /** @defaultValue "mean" */
  readonly rule?: AggregationRule | undefined;
  /** What a client weighs in a mean. @defaultValue "rows" */
  readonly weights?: ClientWeights | undefined;
  /** Rows from which on a client weighs no more; with noise and without it all weigh alike. @defaultValue no bound */
  readonly maximumRows?: number | undefined;
  /** Share of the clients that a trimmed mean leaves out at either end. @defaultValue 0.25 */
  readonly trim?: number | undefined;
  /** Length over the whole adapter to which longer updates are scaled down, or `"median"` for that of the round. @defaultValue none */
  readonly clipNorm?: number | "median" | undefined;
  /** Standard deviation of the noise on the sum of the updates, over `clipNorm`. @defaultValue no noise */
  readonly noiseMultiplier?: number | undefined;
  /** With noise: probability with which a client's update is taken in a round. @defaultValue 1 */
  readonly samplingRate?: number | undefined;
  /** With noise: probability with which ε may not hold. @defaultValue 1e-5 */
  readonly delta?: number | undefined;
}

/** How clients learn. */
export interface ClientTraining {
  /** As of a run, but for `epochs` of 1 and a `schedule` that is constant where nothing is given. */
  readonly train?: Partial<TrainConfig> | undefined;
  /** FedProx's μ. @defaultValue 0 */
  readonly proximal?: number | undefined;
}

/** The adapter that the first round begins with. */
export interface FirstAdapter {
  /** Adapter folder; without it one is drawn. */
  readonly initAdapter?: string | undefined;
  /** What the adapter is made of where one is drawn; its seed is `train.seed`. */
  readonly lora?: Partial<Omit<LoraConfig, "seed">> | undefined;
}

/** Settings of a run that are the client's own: they change when it writes, not what it learns. */
const own: readonly string[] = [
  "saveEvery",
  "keepCheckpoints",
  "evalEvery",
  "patience",
] satisfies (keyof TrainConfig)[];

/** How clients learn as what travels; the client's own is left out. */
export function trainingOf({ train = {}, proximal = 0 }: ClientTraining): Record<string, unknown> {
  const shared = Object.entries(train).filter(([key, value]) => value !== undefined && !own.includes(key));
  return { train: { epochs: 1, schedule: "constant", ...Object.fromEntries(shared) }, proximal };
}

/** How clients learn by what travelled: what no run knows is left out, the rest is checked by the run. */
export function trainingFrom(value: Readonly<Record<string, unknown>>): ClientTraining {
  const { train, proximal } = value;
  const given = typeof train === "object" && train !== null ? (train as Record<string, unknown>) : {};
  const known = Object.keys(trainDefaults).filter((key) => !own.includes(key) && Object.hasOwn(given, key));
  return {
    train: Object.fromEntries(known.map((key) => [key, given[key]])),
    ...(typeof proximal === "number" ? { proximal } : {}),
  };
}

/**
 * How updates become one.
 * @param clients that the federation has, by which noise is divided; undefined where that is not known
 * @throws RecipeError naming the field
 */
export function aggregationOf(fields: AggregationFields, clients: number | undefined): AggregationSettings {
  const { rule, weights, trim, clipNorm, noiseMultiplier, samplingRate, maximumRows, delta } = fields;
  if (noiseMultiplier === undefined) {
    const faults = Object.entries({ samplingRate, delta })
      .filter(([, value]) => value !== undefined)
      .map(([key]) => expectation(key, "nothing where no noise is added", String(fields[key as "delta"])));
    if (faults.length > 0) throw new RecipeError(faults);
  } else if (clients === undefined) {
    throw new RecipeError([
      expectation(
        "clients",
        "the number of clients, by which the sum of noisy updates is divided",
        "nothing",
      ),
    ]);
  }
  const privacy =
    noiseMultiplier === undefined
      ? null
      : {
          noiseMultiplier,
          clients: clients!,
          ...defined({ samplingRate, delta }),
        };
  const settings: AggregationOptions = {
    ...defined({ rule, maximumRows, trim, clipNorm }),
    // A bound on weights asks for weights; without one, only equal ones are bounded.
    ...defined({ weights: weights ?? (privacy && maximumRows === undefined ? "uniform" : undefined) }),
    privacy,
  };
  return namingFields(() => resolveAggregation(settings));
}

const defined = <Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
