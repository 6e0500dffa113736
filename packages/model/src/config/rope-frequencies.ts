import type { RopeConfig, RopeScaling } from "./model-config.js";

/** What turns positions into the angles of the rotary embedding. */
export interface RopeFrequencies {
  /** [headSize / 2], in radians per position, one for each pair of a head's numbers. */
  readonly inverseFrequencies: Float64Array;
  /** Multiplies the cosines and sines; 1 unless the scaling is YaRN's. */
  readonly attentionFactor: number;
}

/** Heads of which the numbers turn in pairs. */
export interface RotaryHeads {
  /** Numbers a head that turn; even. */
  readonly headSize: number;
  readonly rope: RopeConfig;
}

/**
 * Frequencies of the rotary embedding (RoFormer, arXiv:2104.09864): theta^(-2i / headSize), stretched as `rope.scaling`
 * says. Every step is rounded to float32 where Transformers rounds: the models were trained with those values, and far
 * positions multiply the difference.
 */
export function ropeInverseFrequencies(config: RotaryHeads): RopeFrequencies {
  const { scaling } = config.rope;
  return {
    inverseFrequencies: stretchedFrequencies(config),
    attentionFactor: scaling?.type === "yarn" ? scaling.attentionFactor : 1,
  };
}

function stretchedFrequencies({ headSize, rope }: RotaryHeads): Float64Array {
  const { theta, scaling } = rope;
  const wavelengths = Float64Array.from({ length: headSize / 2 }, (_, i) =>
    f32(Math.pow(theta, f32((2 * i) / headSize))),
  );
  if (scaling?.type === "yarn") return yarnFrequencies(wavelengths, theta, headSize, scaling);
  const frequencies = wavelengths.map((wavelength) => f32(1 / wavelength));
  if (scaling?.type === "linear") return frequencies.map((frequency) => f32(frequency / f32(scaling.factor)));
  if (scaling?.type === "llama3") return llama3Frequencies(frequencies, scaling);
  return frequencies;
}

/** Llama 3.1: high frequencies stay, low ones are divided by the factor, those between are blended. */
function llama3Frequencies(
  frequencies: Float64Array,
  scaling: Extract<RopeScaling, { type: "llama3" }>,
): Float64Array {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalMaxPositions } = scaling;
  const longestKept = originalMaxPositions / highFrequencyFactor;
  const shortestDivided = originalMaxPositions / lowFrequencyFactor;
  return frequencies.map((frequency) => {
    const positionsPerTurn = f32(f32(1 / frequency) * f32(2 * Math.PI));
    if (positionsPerTurn > shortestDivided) return f32(frequency / factor);
    if (positionsPerTurn < longestKept) return frequency;
    const turns = f32(f32(1 / positionsPerTurn) * originalMaxPositions);
    const kept = f32(f32(turns - lowFrequencyFactor) / f32(highFrequencyFactor - lowFrequencyFactor));
    return f32(f32(f32(f32(1 - kept) * frequency) / factor) + f32(kept * frequency));
  });
}

/** YaRN, arXiv:2309.00071, §3.2: like Llama 3's, with a ramp over dimensions where that has one over frequencies. */
function yarnFrequencies(
  wavelengths: Float64Array,
  theta: number,
  headSize: number,
  scaling: Extract<RopeScaling, { type: "yarn" }>,
): Float64Array {
  const { factor, originalMaxPositions, betaFast, betaSlow, truncate } = scaling;
  const dimensionTurning = (turns: number) =>
    (headSize * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const first = dimensionTurning(betaFast);
  const last = dimensionTurning(betaSlow);
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, headSize - 1);
  // Equal bounds would divide by zero; the reference widens them by so much.
  const width = low === high ? 0.001 : high - low;
  return wavelengths.map((wavelength, i) => {
    const ramp = Math.min(Math.max(f32(f32(i - f32(low)) / f32(width)), 0), 1);
    const kept = f32(1 - ramp);
    const divided = f32(1 / f32(f32(factor) * wavelength));
    return f32(f32(divided * f32(1 - kept)) + f32(f32(1 / wavelength) * kept));
  });
}

function f32(value: number): number {
  return Math.fround(value);
}
