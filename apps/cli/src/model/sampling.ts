import type { GenerationOptions, SamplingOptions } from "@lathe/model";
import type { VerbContext } from "../framework/verb.js";

/** The part of a verb's options that is for `generate`. */
export function samplingOf(
  options: SamplingOptions & { readonly maxNewTokens: number },
  { signal, warn }: Pick<VerbContext, "signal" | "warn">,
): GenerationOptions {
  const { maxNewTokens, temperature, topK, topP, repetitionPenalty, seed } = options;
  return {
    ...{ maxNewTokens, temperature, topK, topP, repetitionPenalty, seed, signal },
    onWarning: (message) => warn(message),
  };
}
