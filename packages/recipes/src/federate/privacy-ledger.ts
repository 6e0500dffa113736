import { epsilonOf, noiseForEpsilon, type PrivacyConversion } from "@lathe/federated";
import { phrase, type Told } from "@lathe/files";
import { namingFields } from "../fields-of-packages.js";
import { expectation, RecipeError } from "../recipe-error.js";

/** What {@link privacyLedger} counts. */
export interface PrivacyLedgerOptions {
  /** Standard deviation of the noise on the sum of the updates, over the length to which they are clipped. */
  readonly noiseMultiplier?: number | undefined;
  /** ε to keep, in place of `noiseMultiplier`: the least noise for it is found. */
  readonly epsilon?: number | undefined;
  /** Probability with which a client is taken in a round. @defaultValue 1 */
  readonly samplingRate?: number | undefined;
  readonly rounds: number;
  /** @defaultValue 1e-5 */
  readonly delta?: number | undefined;
  /** @defaultValue "tight" */
  readonly conversion?: PrivacyConversion | undefined;
}

/** A budget: plain data, fit for JSON. */
export interface PrivacyLedger {
  readonly epsilon: number;
  readonly delta: number;
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly rounds: number;
  readonly conversion: PrivacyConversion;
  /** Order of the Rényi divergence that gives the bound. */
  readonly order: number;
}

/** ε after some rounds, or the noise that keeps it. @throws RecipeError naming the field */
export function privacyLedger(options: PrivacyLedgerOptions): PrivacyLedger {
  const { samplingRate = 1, rounds, delta = 1e-5, conversion = "tight" } = options;
  if ((options.noiseMultiplier === undefined) === (options.epsilon === undefined)) {
    const came = options.epsilon === undefined ? "neither of the two" : "both of them";
    throw new RecipeError([expectation("noiseMultiplier", "it or the epsilon to keep", came)]);
  }
  return namingFields(() => {
    const run = { samplingRate, rounds, delta, conversion };
    const noiseMultiplier = options.noiseMultiplier ?? noiseForEpsilon(options.epsilon!, run);
    return { ...epsilonOf({ ...run, noiseMultiplier }), ...run, noiseMultiplier };
  });
}

/** A budget, as people read it. */
export function tellLedger({
  epsilon,
  delta,
  noiseMultiplier,
  samplingRate,
  rounds,
  order,
}: PrivacyLedger): Told {
  return [
    {
      facts: [
        [phrase`epsilon`, epsilon.toPrecision(4)],
        [phrase`delta`, String(delta)],
        [phrase`noise multiplier`, noiseMultiplier.toPrecision(4)],
        [phrase`sampling rate`, String(samplingRate)],
        [phrase`rounds`, String(rounds)],
        [phrase`Rényi order`, String(order)],
      ],
    },
  ];
}
