import { phrase } from "@lathe/files";
import { FederationSettingsError } from "../settings-error.js";
import { renyiDivergence } from "./renyi-divergence.js";

/** How a Rényi divergence becomes ε: the bound in use today, or Mironov's of 2017, which older papers report. */
export type PrivacyConversion = "tight" | "classic";

/** Names of the conversions. */
export const privacyConversions = ["tight", "classic"] as const satisfies readonly PrivacyConversion[];

/** Orders over which ε is made small: tenths to 11, whole numbers to 64, and three beyond. */
export const renyiOrders: readonly number[] = Object.freeze([
  ...Array.from({ length: 99 }, (_, i) => (11 + i) / 10),
  ...Array.from({ length: 54 }, (_, i) => 11 + i),
  128,
  256,
  512,
]);

/** What is released, how often, and how ε is found. */
export interface EpsilonOptions {
  /** Standard deviation of the noise on a sum, over the largest length of what one participant adds. */
  readonly noiseMultiplier: number;
  /** Probability with which a participant belongs to a round, each round anew. */
  readonly samplingRate: number;
  /** Rounds that are released. */
  readonly rounds: number;
  /** Probability with which ε may not hold. */
  readonly delta: number;
  /** @defaultValue "tight" */
  readonly conversion?: PrivacyConversion;
  /** @defaultValue {@link renyiOrders} */
  readonly orders?: readonly number[];
}

/** A bound on what the released results say of one participant: (ε, δ)-differential privacy. */
export interface Epsilon {
  readonly epsilon: number;
  /** The order of the smallest bound. */
  readonly order: number;
}

/**
 * ε after some rounds of the subsampled Gaussian mechanism: the Rényi divergences of the rounds add up (Mironov, arXiv:1702.07476;
 * the moments of Abadi et al., arXiv:1607.00133, are the same at whole orders), and the smallest bound over the orders counts,
 *
 *   tight: D − (log δ + log α) / (α − 1) + log((α − 1) / α)   (Balle et al., arXiv:1905.09982; Canonne et al., arXiv:2004.00010)
 *   classic: D − log δ / (α − 1)
 *
 * It is 0 after no round.
 *
 * @throws FederationSettingsError where a setting is out of range
 */
export function epsilonOf({
  noiseMultiplier,
  samplingRate,
  rounds,
  delta,
  conversion = "tight",
  orders = renyiOrders,
}: EpsilonOptions): Epsilon {
  if (!(Number.isSafeInteger(rounds) && rounds >= 0))
    throw new FederationSettingsError("rounds", phrase`a whole number from ${0}`, rounds);
  if (!(delta > 0 && delta < 1))
    throw new FederationSettingsError("delta", "a probability above 0, below 1", delta);
  if (orders.length === 0) throw new FederationSettingsError("orders", "at least one order", "none");
  let best: Epsilon = { epsilon: Number.POSITIVE_INFINITY, order: orders[0] };
  for (const order of orders) {
    const divergence = rounds * renyiDivergence(order, noiseMultiplier, samplingRate);
    const bound =
      conversion === "classic"
        ? divergence - Math.log(delta) / (order - 1)
        : divergence - (Math.log(delta) + Math.log(order)) / (order - 1) + Math.log((order - 1) / order);
    const epsilon = rounds === 0 ? 0 : Math.max(0, bound);
    if (epsilon < best.epsilon) best = { epsilon, order };
  }
  return best;
}
