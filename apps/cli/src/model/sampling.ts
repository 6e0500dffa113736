import type { GenerationOptions, SamplingOptions } from "@lathe/model";
import type { VerbContext } from "../define-verb.js";

/** The part of a verb's options that is for `generate`. */
export function samplingOf(
  options: SamplingOptions & Required<Pick<GenerationOptions, "maxNewTokens" | "cache">>,
  { signal, warn }: Pick<VerbContext, "signal" | "warn">,
): GenerationOptions {
  const { maxNewTokens, temperature, topK, topP, repetitionPenalty, seed, cache } = options;
  return {
    ...{ maxNewTokens, temperature, topK, topP, repetitionPenalty, seed, cache, signal },
    onWarning: (message) => warn(message),
  };
}
