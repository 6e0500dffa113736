import { phrase } from "@lathe/files";
import { checkMechanism } from "../privacy/renyi-divergence.js";
import { FederationSettingsError } from "../settings-error.js";

/** Ways to make one update of those of several clients. */
export const aggregationRules = ["mean", "median", "trimmed-mean"] as const;

/** Name of a way to make one update of several. */
export type AggregationRule = (typeof aggregationRules)[number];

/** What a client weighs in a mean. */
export const clientWeights = ["rows", "uniform"] as const;

/** Name of what a client weighs. */
export type ClientWeights = (typeof clientWeights)[number];

/** Client-level differential privacy of what is released. */
export interface PrivacySettings {
  /** Standard deviation of the noise on the sum of updates, over `clipNorm`. */
  readonly noiseMultiplier: number;
  /** Clients that the federation has, whether they deliver in a round or not: what sums are divided by, times the sampling rate. */
  readonly clients: number;
  /** Probability with which a client's update is taken, each round anew. @defaultValue 1 */
  readonly samplingRate: number;
  /** Probability with which ε may not hold. */
  readonly delta: number;
}

/** How updates become one. */
export interface AggregationSettings {
  /**
   * - `mean`: Σ w Δ / Σ w (FedAvg, arXiv:1602.05629).
   * - `median`: of each number by itself, which fewer than half of the clients cannot move far (arXiv:1803.01498).
   * - `trimmed-mean`: of each number by itself, without the largest and the smallest of the values (same paper).
   */
  readonly rule: AggregationRule;
  /** What a client weighs in `mean`; the other rules know no weights. */
  readonly weights: ClientWeights;
  /**
   * Rows from which on a client weighs no more, whatever it says that it has, where weights are those of rows; null for no bound. With
   * noise it weighs 1 then.
   */
  readonly maximumRows: number | null;
  /** Share of the clients that `trimmed-mean` leaves out at either end, from 0, below 0.5. */
  readonly trim: number;
  /**
   * Length, over the whole adapter, to which longer updates are scaled down; `"median"` for the median length of the round's updates;
   * null for no limit.
   */
  readonly clipNorm: number | "median" | null;
  /** Null where nothing is promised about single clients. */
  readonly privacy: PrivacySettings | null;
}

/** What is asked for; the rest is filled in. */
export type AggregationOptions = Partial<Omit<AggregationSettings, "privacy">> & {
  readonly privacy?: (Partial<PrivacySettings> & Pick<PrivacySettings, "noiseMultiplier" | "clients">) | null;
};

/** Share of the clients at either end that a trimmed mean leaves out where nothing is said. */
const TRIM = 0.25;

/** δ where nothing is said: that of most reports. */
const DELTA = 1e-5;

/**
 * Fills in the defaults and refuses what contradicts itself, above all what would make a privacy budget untrue: the noise covers what
 * one client can change of a *sum*, so lengths and weights must be bounded before anything is known of the round's updates.
 *
 * @throws FederationSettingsError naming the key
 */
export function resolveAggregation(options: AggregationOptions = {}): AggregationSettings {
  const { rule = "mean", trim = TRIM, clipNorm = null, maximumRows = null } = options;
  const { weights = rule === "mean" ? "rows" : "uniform" } = options;
  if (!aggregationRules.includes(rule))
    throw new FederationSettingsError("rule", phrase`one of ${aggregationRules.join(", ")}`, String(rule));
  if (!clientWeights.includes(weights))
    throw new FederationSettingsError("weights", phrase`one of ${clientWeights.join(", ")}`, String(weights));
  if (rule !== "mean" && weights === "rows") {
    throw new FederationSettingsError(
      "weights",
      phrase`uniform beside the rule ${rule}, which knows no weights`,
      weights,
    );
  }
  if (options.trim !== undefined && rule !== "trimmed-mean") {
    throw new FederationSettingsError("trim", phrase`nothing beside the rule ${rule}`, trim);
  }
  if (!(trim >= 0 && trim < 0.5))
    throw new FederationSettingsError("trim", "a share from 0, below 0.5", trim);
  if (clipNorm !== null && clipNorm !== "median" && !(clipNorm > 0 && Number.isFinite(clipNorm)))
    throw new FederationSettingsError("clipNorm", "a length above 0, or median", String(clipNorm));
  if (weights === "uniform" && maximumRows !== null)
    throw new FederationSettingsError("maximumRows", "nothing beside uniform weights", maximumRows);
  if (maximumRows !== null && !(Number.isSafeInteger(maximumRows) && maximumRows >= 1))
    throw new FederationSettingsError("maximumRows", phrase`a whole number from ${1}`, maximumRows);
  const settings = { rule, weights, maximumRows, trim, clipNorm };
  return { ...settings, privacy: options.privacy ? resolvePrivacy(options.privacy, settings) : null };
}

function resolvePrivacy(
  options: NonNullable<AggregationOptions["privacy"]>,
  {
    rule,
    weights,
    maximumRows,
    clipNorm,
  }: Pick<AggregationSettings, "rule" | "weights" | "maximumRows" | "clipNorm">,
): PrivacySettings {
  const { noiseMultiplier, clients, samplingRate = 1, delta = DELTA } = options;
  checkMechanism(noiseMultiplier, samplingRate);
  if (!(Number.isSafeInteger(clients) && clients >= 1))
    throw new FederationSettingsError("privacy.clients", phrase`a whole number from ${1}`, clients);
  if (!(delta > 0 && delta < 1))
    throw new FederationSettingsError("privacy.delta", "a probability above 0, below 1", delta);
  if (rule !== "mean") {
    throw new FederationSettingsError(
      "rule",
      "mean beside noise",
      rule,
      "one client can move a median or a trimmed mean by more than its share, which the noise does not cover",
    );
  }
  if (typeof clipNorm !== "number") {
    throw new FederationSettingsError(
      "clipNorm",
      "a fixed length beside noise",
      clipNorm ?? "none",
      "the noise is in proportion to it, and a length that follows from the updates tells of them",
    );
  }
  if (weights === "rows" && maximumRows === null) {
    throw new FederationSettingsError(
      "maximumRows",
      "a number of rows from which on a client weighs 1",
      "none",
      "without a bound on its weight, no noise covers what a client with many rows adds; or give uniform weights",
    );
  }
  return { noiseMultiplier, clients, samplingRate, delta };
}
