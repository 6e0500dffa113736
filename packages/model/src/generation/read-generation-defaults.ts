import { join } from "node:path";
import { decodeJson, readSmallFile, type Phrase } from "@lathe/files";
import { ModelConfigError, quote } from "../errors.js";
import type { SamplingOptions } from "./sampling.js";

/** Sampling that a model's folder asks for. */
export type SuggestedSampling = Partial<Omit<SamplingOptions, "seed">>;

/** What the `generation_config.json` of a model says of how its text is to be chosen. */
export interface GenerationDefaults {
  /** What it asks for; nothing where there is no file or it leaves the choice to the caller. */
  readonly sampling: SuggestedSampling;
  /** Keys that ask for what Lathe does not do, with their values; generation goes on without them. */
  readonly ignored: readonly { readonly key: string; readonly value: unknown }[];
}

const FILE = "generation_config.json";
const BYTES_LIMIT = 20_000_000;

/** What Transformers samples with where a file asks for sampling and says no more. */
const sampled = { temperature: 1, top_k: 50, top_p: 1 };

/** Keys that change which tokens are chosen and are not followed, and the values under which they change nothing. */
const unsupported: Readonly<Record<string, readonly unknown[]>> = {
  min_p: [0],
  typical_p: [1],
  top_h: [],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  num_beams: [1],
  num_beam_groups: [1],
  diversity_penalty: [0],
  penalty_alpha: [0],
  encoder_repetition_penalty: [1],
  presence_penalty: [0],
  frequency_penalty: [0],
  no_repeat_ngram_size: [0],
  encoder_no_repeat_ngram_size: [0],
  min_length: [0],
  min_new_tokens: [0],
  bad_words_ids: [],
  force_words_ids: [],
  constraints: [],
  suppress_tokens: [],
  begin_suppress_tokens: [],
  sequence_bias: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  exponential_decay_length_penalty: [],
  guidance_scale: [1],
  watermarking_config: [],
  stop_strings: [],
};

/**
 * Reads how the text of a model is to be chosen, as Transformers does: with `do_sample` the temperature, top-k and top-p of
 * the file, or 1, 50 and 1; without it the likeliest token. A repetition penalty holds either way.
 *
 * @param folder a model folder, with a `generation_config.json` or not
 * @throws ModelConfigError naming the key whose value is impossible
 */
export async function readGenerationDefaults(folder: string): Promise<GenerationDefaults> {
  const path = join(folder, FILE);
  const makeFault = (expected: string | Phrase, actual: string | Phrase, cause?: unknown): ModelConfigError =>
    new ModelConfigError({ path, expected, actual, cause });
  const bytes = await readSmallFile(path, BYTES_LIMIT, makeFault);
  if (bytes === null) return { sampling: {}, ignored: [] };
  const value = decodeJson(bytes, makeFault);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw makeFault("an object", quote(value));
  }
  const keys = new Map(Object.entries(value).filter(([, entry]) => entry !== null));
  return { sampling: samplingOf(keys, path), ignored: ignoredOf(keys) };
}

function samplingOf(keys: ReadonlyMap<string, unknown>, path: string): SuggestedSampling {
  const fault = (key: string, expected: string | Phrase): ModelConfigError =>
    new ModelConfigError({ path, key, expected, actual: quote(keys.get(key)) });
  const number = (
    key: string,
    isRight: (value: number) => boolean,
    expected: string | Phrase,
  ): number | undefined => {
    const value = keys.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !isRight(value)) throw fault(key, expected);
    return value;
  };
  const doSample = keys.get("do_sample") ?? false;
  if (typeof doSample !== "boolean") throw fault("do_sample", "true or false");
  const penalty = number("repetition_penalty", (value) => value > 0, "a number above 0");
  const repetition = penalty === undefined || penalty === 1 ? {} : { repetitionPenalty: penalty };
  if (!doSample) return repetition;
  const temperature = number("temperature", (value) => value >= 0, "a number from 0");
  // −1 is vLLM's word for no limit.
  const topK = number(
    "top_k",
    (value) => Number.isInteger(value) && value >= -1,
    "a whole number from 0, or -1",
  );
  const topP = number("top_p", (value) => value > 0 && value <= 1, "a number above 0, at most 1");
  return {
    temperature: temperature ?? sampled.temperature,
    topK: Math.max(0, topK ?? sampled.top_k),
    topP: topP ?? sampled.top_p,
    ...repetition,
  };
}

function ignoredOf(keys: ReadonlyMap<string, unknown>): { key: string; value: unknown }[] {
  return [...keys]
    .filter(([key, value]) => {
      if (!Object.hasOwn(unsupported, key)) return false;
      const isEmpty = typeof value === "object" && Object.keys(value as object).length === 0;
      return !isEmpty && !unsupported[key].includes(value);
    })
    .map(([key, value]) => ({ key, value }));
}
