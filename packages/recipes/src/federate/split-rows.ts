import { seededNoise, seededUniform } from "@lathe/federated";

/** Ways to deal rows to clients. */
export const splitWays = ["equal", "dirichlet", "label"] as const;

/** Name of a way to deal rows to clients. */
export type SplitWay = (typeof splitWays)[number];

/** How {@link splitRows} deals. */
export interface SplitOptions {
  /**
   * - `equal`: at random, as many to each.
   * - `dirichlet`: the rows of each label in shares that are drawn from a Dirichlet distribution (Hsu et al., arXiv:1909.06335); without
   *   labels, all rows, which makes clients of unequal size.
   * - `label`: in order of their labels, two stretches to each client (McMahan et al., arXiv:1602.05629).
   */
  readonly by: SplitWay;
  readonly clients: number;
  /** Concentration of the Dirichlet distribution: the smaller, the less alike are the clients. */
  readonly alpha: number;
  readonly seed: number;
}

/**
 * Deals rows to clients; each gets at least one.
 * @param labels of the rows
 * @returns numbers of rows of each client, in order
 */
export function splitRows(
  labels: readonly string[],
  { by, clients, alpha, seed }: SplitOptions,
): readonly (readonly number[])[] {
  const uniform = seededUniform(seed, "split");
  const parts: number[][] = Array.from({ length: clients }, () => []);
  const rows = shuffled([...labels.keys()], uniform);
  if (by === "equal") rows.forEach((row, i) => parts[i % clients].push(row));
  if (by === "label") {
    const sorted = rows.sort((one, other) =>
      labels[one] < labels[other] ? -1 : labels[one] > labels[other] ? 1 : 0,
    );
    const stretches = shuffled(
      Array.from({ length: 2 * clients }, (_, i) => i),
      uniform,
    );
    stretches.forEach((stretch, i) => {
      const [from, to] = [stretch, stretch + 1].map((end) =>
        Math.floor((end * sorted.length) / (2 * clients)),
      );
      parts[i % clients].push(...sorted.slice(from, to));
    });
  }
  if (by === "dirichlet") {
    const normal = seededNoise(seed, "split");
    for (const label of [...new Set(labels)].sort()) {
      const own = rows.filter((row) => labels[row] === label);
      const shares = dirichlet(clients, alpha, uniform, normal);
      let from = 0;
      let before = 0;
      shares.forEach((share, k) => {
        before += share;
        const to = k === clients - 1 ? own.length : Math.min(own.length, Math.round(before * own.length));
        parts[k].push(...own.slice(from, to));
        from = Math.max(from, to);
      });
    }
  }
  for (const part of parts) if (part.length === 0) part.push(...largest(parts).splice(-1));
  return parts.map((part) => part.sort((one, other) => one - other));
}

const largest = (parts: readonly number[][]): number[] =>
  parts.reduce((most, part) => (part.length > most.length ? part : most));

function shuffled<Item>(items: Item[], uniform: () => number): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/** Shares that sum to 1: gamma variates over their sum, taken as logarithms, as small ones have no double. */
function dirichlet(count: number, alpha: number, uniform: () => number, normal: () => number): number[] {
  const logs = Array.from({ length: count }, () => logGamma(alpha, uniform, normal));
  const most = Math.max(...logs);
  const sizes = logs.map((log) => Math.exp(log - most));
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sizes.map((size) => size / sum);
}

/** Logarithm of a gamma variate (Marsaglia & Tsang 2000); below a shape of 1, that of the shape above times a power. */
function logGamma(shape: number, uniform: () => number, normal: () => number): number {
  if (shape < 1) return logGamma(shape + 1, uniform, normal) + Math.log(uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}
