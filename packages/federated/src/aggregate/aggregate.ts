import type { GaussianNoise } from "../privacy/gaussian-noise.js";
import { FederationSettingsError } from "../settings-error.js";
import type { AdapterTensors, NamedTensor } from "./adapter-tensors.js";
import type { AggregationSettings } from "./aggregation-settings.js";
import { median, trimmedMean } from "./order-statistics.js";

/** What a client made of the adapter that all began with. */
export interface ClientUpdate {
  readonly client: string;
  /** Rows that it was learnt from. */
  readonly rows: number;
  /** The whole adapter, with the names and shapes of the one it began with. */
  readonly tensors: AdapterTensors;
}

/** What became of a client's update. */
export interface AggregatedClient {
  readonly client: string;
  readonly rows: number;
  /** Length of its update Δ over the whole adapter. */
  readonly norm: number;
  /** Factor on the update by `clipNorm`; 1 where it was within. */
  readonly scale: number;
  /** Its share of the new adapter, without the scale: in a mean with noise of a fixed divisor, else summing to 1. */
  readonly weight: number;
}

/** The adapter that the next round begins with. */
export interface Aggregated {
  readonly tensors: readonly NamedTensor[];
  readonly clients: readonly AggregatedClient[];
  /** Standard deviation of the noise on each number; 0 where there is none. */
  readonly noise: number;
}

/**
 * The adapter that all began with, moved by one update made of those of the clients, Δ = w − w₀ each. Sums are taken in double, one
 * tensor after the other, so that no more is in memory than one tensor of each client.
 *
 * With noise the sum of the updates, each at most `clipNorm` long and of a weight of at most 1, gets Gaussian noise of
 * σ · `clipNorm` on every number and is divided by `samplingRate · clients`, which no round's clients have an influence on (McMahan et
 * al., arXiv:1710.06963). What is released after a round is then (α, α / 2σ²)-Rényi private with respect to any one client, before
 * what sampling adds to it.
 *
 * @param noise where the settings ask for noise; drawn in the order of the tensors
 * @throws FederationSettingsError where there is no update, or no noise to draw from
 */
export async function aggregate(
  global: AdapterTensors,
  updates: readonly ClientUpdate[],
  settings: AggregationSettings,
  noise: GaussianNoise | null = null,
): Promise<Aggregated> {
  const { privacy, clipNorm } = settings;
  if (privacy !== null && noise === null)
    throw new FederationSettingsError("noise", "a source of noise, as the settings ask for it", "none");
  if (updates.length === 0 && privacy === null)
    throw new FederationSettingsError("updates", "at least one", "none");
  const norms = await Promise.all(updates.map(({ tensors }) => distance(global, tensors)));
  const limit = clipNorm === "median" ? median(Float64Array.from(norms)) : clipNorm;
  const scales = norms.map((norm) => (limit === null || norm <= limit ? 1 : limit / norm));
  const weights = weightsOf(updates, settings);
  const deviation =
    privacy === null
      ? 0
      : (privacy.noiseMultiplier * (clipNorm as number)) / (privacy.samplingRate * privacy.clients);
  const tensors: NamedTensor[] = [];
  for (const name of global.names) {
    const start = await global.read(name);
    const others = await Promise.all(updates.map(({ tensors: own }) => own.read(name)));
    const data = combine(start, others, { scales, weights, settings });
    if (noise !== null && deviation > 0) for (let i = 0; i < data.length; i++) data[i] += deviation * noise();
    tensors.push({ name, shape: global.shapeOf(name), data: addTo(start, data) });
  }
  return {
    tensors,
    clients: updates.map(({ client, rows }, k) => ({
      client,
      rows,
      norm: norms[k],
      scale: scales[k],
      weight: weights[k],
    })),
    noise: deviation,
  };
}

/** Values that a trimmed mean of so many leaves out at either end: the share of them, rounded down as SciPy's `trim_mean` does. */
export function trimmedAtEachEnd(count: number, trim: number): number {
  return Math.floor(trim * count + ROUNDING);
}

/** What a product of a share and a count may fall short by. */
const ROUNDING = 1e-9;

/** Length of what is between two adapters, over all their tensors. */
async function distance(global: AdapterTensors, other: AdapterTensors): Promise<number> {
  let squares = 0;
  for (const name of global.names) {
    const [start, values] = [await global.read(name), await other.read(name)];
    for (let i = 0; i < start.length; i++) squares += (values[i] - start[i]) ** 2;
  }
  return Math.sqrt(squares);
}

function weightsOf(
  updates: readonly ClientUpdate[],
  { weights, maximumRows, privacy }: AggregationSettings,
): readonly number[] {
  if (privacy !== null) {
    const divisor = privacy.samplingRate * privacy.clients;
    return updates.map(({ rows }) => Math.min(1, rows / (maximumRows ?? rows)) / divisor);
  }
  const own = updates.map(({ rows }) => (weights === "rows" ? Math.min(rows, maximumRows ?? rows) : 1));
  const all = own.reduce((sum, weight) => sum + weight, 0);
  return own.map((weight) => weight / all);
}

/** One update of those of the clients, in double. */
function combine(
  start: Float32Array,
  others: readonly Float32Array[],
  {
    scales,
    weights,
    settings: { rule, trim },
  }: {
    readonly scales: readonly number[];
    readonly weights: readonly number[];
    readonly settings: AggregationSettings;
  },
): Float64Array {
  const moved = new Float64Array(start.length);
  if (rule === "mean") {
    others.forEach((values, k) => {
      const factor = weights[k] * scales[k];
      for (let i = 0; i < moved.length; i++) moved[i] += factor * (values[i] - start[i]);
    });
    return moved;
  }
  const column = new Float64Array(others.length);
  const cut = trimmedAtEachEnd(others.length, trim);
  for (let i = 0; i < moved.length; i++) {
    for (let k = 0; k < others.length; k++) column[k] = scales[k] * (others[k][i] - start[i]);
    moved[i] = rule === "median" ? median(column) : trimmedMean(column, cut);
  }
  return moved;
}

function addTo(start: Float32Array, moved: Float64Array): Float32Array {
  return start.map((value, i) => value + moved[i]);
}
