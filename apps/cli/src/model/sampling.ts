import type { GenerationOptions } from "@lathe/model";

/** The part of a verb's options that is for `generate`. */
export function samplingOf(
  options: Required<Omit<GenerationOptions, "stopIds" | "signal">>,
  signal: AbortSignal,
): GenerationOptions {
  const { maxNewTokens, temperature, topK, topP, repetitionPenalty, seed } = options;
  return { maxNewTokens, temperature, topK, topP, repetitionPenalty, seed, signal };
}
