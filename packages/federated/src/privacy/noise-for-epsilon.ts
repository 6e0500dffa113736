import { FederationSettingsError } from "../settings-error.js";
import { epsilonOf, type EpsilonOptions } from "./epsilon.js";

/** Noise beyond which no federation learns anything. */
const LARGEST_NOISE = 1e6;

/** Relative width at which the search ends. */
const PRECISION = 1e-4;

/**
 * The least noise multiplier that keeps ε, to one part in ten thousand and never below it.
 * @throws FederationSettingsError where no noise does, or a setting is out of range
 */
export function noiseForEpsilon(epsilon: number, options: Omit<EpsilonOptions, "noiseMultiplier">): number {
  if (!(epsilon > 0 && Number.isFinite(epsilon)))
    throw new FederationSettingsError("epsilon", "a number above 0", epsilon);
  const keeps = (noiseMultiplier: number): boolean =>
    epsilonOf({ ...options, noiseMultiplier }).epsilon <= epsilon;
  let high = 1;
  while (!keeps(high)) {
    high *= 2;
    if (high > LARGEST_NOISE) {
      throw new FederationSettingsError(
        "epsilon",
        "a bound that noise can keep",
        epsilon,
        "ask for a larger one, or for fewer rounds",
      );
    }
  }
  let low = high / 2;
  // Little noise is tried down to where it bounds nothing.
  while (low > PRECISION && keeps(low)) [high, low] = [low, low / 2];
  while (high - low > PRECISION * high) {
    const middle = (low + high) / 2;
    if (keeps(middle)) high = middle;
    else low = middle;
  }
  return high;
}
