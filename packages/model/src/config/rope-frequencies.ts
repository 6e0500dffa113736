import type { ModelConfig, RopeScaling } from "./model-config.js";

/**
 * Angles per position of the rotary embedding (RoFormer, arXiv:2104.09864), one for each pair of a head's numbers:
 * theta^(-2i / headSize), stretched as `rope.scaling` says. Every step is rounded to float32 where Transformers rounds:
 * the models were trained with those values, and far positions multiply the difference.
 * @returns [headSize / 2], in radians per position
 */
export function ropeInverseFrequencies(config: Pick<ModelConfig, "headSize" | "rope">): Float64Array {
  const { headSize, rope } = config;
  const wavelengths = Float64Array.from({ length: headSize / 2 }, (_, i) =>
    f32(Math.pow(rope.theta, f32((2 * i) / headSize))),
  );
  if (rope.scaling?.type === "yarn") return yarnFrequencies(wavelengths, rope.theta, headSize, rope.scaling);
  const frequencies = wavelengths.map((wavelength) => f32(1 / wavelength));
  if (rope.scaling?.type === "linear") {
    const { factor } = rope.scaling;
    return frequencies.map((frequency) => f32(frequency / f32(factor)));
  }
  if (rope.scaling?.type === "llama3") return llama3Frequencies(frequencies, rope.scaling);
  return frequencies;
}

/** What the cosines and sines of the rotary embedding are multiplied by: 1 unless the scaling is YaRN's. */
export function ropeAttentionFactor(config: Pick<ModelConfig, "rope">): number {
  const { scaling } = config.rope;
  return scaling?.type === "yarn" ? scaling.attentionFactor : 1;
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
    const positionsPerTurn = f32(f32(2 * Math.PI) / frequency);
    if (positionsPerTurn > shortestDivided) return f32(frequency / factor);
    if (positionsPerTurn < longestKept) return frequency;
    const turns = f32(originalMaxPositions / positionsPerTurn);
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
