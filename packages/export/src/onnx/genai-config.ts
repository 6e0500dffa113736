import type { DecoderConfig, SuggestedSampling } from "@lathe/model";

/** What {@link genaiConfig} names beside the model's shape. */
export interface GenaiConfigOptions {
  /** Path of the graph within the folder. */
  readonly file: string;
  /** How text is to be chosen; without a temperature, the likeliest token. */
  readonly sampling: SuggestedSampling;
}

/** The `genai_config.json` of onnxruntime-genai: what a model's inputs and outputs are called, where it ends, how it samples. */
export function genaiConfig(config: DecoderConfig, { file, sampling }: GenaiConfigOptions): object {
  const { temperature = 0, topK, topP, repetitionPenalty } = sampling;
  const samples = temperature > 0;
  const ends = config.endOfSequenceIds;
  const layered = (kind: string): object => ({
    [`${kind}_key_names`]: `${kind === "past" ? "past_key_values" : kind}.%d.key`,
    [`${kind}_value_names`]: `${kind === "past" ? "past_key_values" : kind}.%d.value`,
  });
  return {
    model: {
      type: config.architecture,
      bos_token_id: config.beginOfSequenceIds[0] ?? ends[0] ?? 0,
      eos_token_id: ends.length === 1 ? ends[0] : ends,
      pad_token_id: config.padId ?? ends[0] ?? 0,
      context_length: config.maxPositions,
      vocab_size: config.vocabularySize,
      decoder: {
        session_options: { log_id: "onnxruntime-genai", provider_options: [] },
        filename: file,
        head_size: config.headSize,
        hidden_size: config.hiddenSize,
        num_attention_heads: config.headCount,
        num_key_value_heads: config.keyValueHeadCount,
        num_hidden_layers: config.layerCount,
        inputs: { input_ids: "input_ids", attention_mask: "attention_mask", ...layered("past") },
        outputs: { logits: "logits", ...layered("present") },
      },
    },
    search: {
      do_sample: samples,
      max_length: config.maxPositions,
      min_length: 0,
      num_beams: 1,
      num_return_sequences: 1,
      past_present_share_buffer: false,
      repetition_penalty: repetitionPenalty ?? 1,
      temperature: samples ? temperature : 1,
      top_k: samples ? (topK ?? 0) : 1,
      top_p: topP ?? 1,
    },
  };
}
