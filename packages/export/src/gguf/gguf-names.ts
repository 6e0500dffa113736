import { architectureOf, headPlace, type ModelConfig } from "@lathe/model";

/** llama.cpp's words for the modules of a layer of pre-norm decoders, by the path within it. */
export const layerWords: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** What a tensor is, for those who write it. */
export interface NamedPlace {
  /** Name in GGUF. */
  readonly name: string;
  /** llama.cpp's word for the module, such as `attn_q`, `token_embd` or `output`. */
  readonly word: string;
  /** Layer number, or null. */
  readonly layer: number | null;
}

/** Where what is before and after the layers stands in GGUF, by the names in safetensors. */
export function ggufEndNames(config: ModelConfig): Map<string, NamedPlace> {
  const { embedding, finalNorm } = architectureOf(config).ends;
  const end = (word: string): NamedPlace => ({ name: `${word}.weight`, word, layer: null });
  return new Map([
    [embedding, end("token_embd")],
    [finalNorm, end("output_norm")],
    [`${headPlace(config).path}.weight`, end("output")],
  ]);
}

/** Where the tensors of a pre-norm decoder stand in GGUF, by their names in safetensors. */
export function ggufNames(config: ModelConfig): Map<string, NamedPlace> {
  const architecture = architectureOf(config);
  const names = ggufEndNames(config);
  for (let layer = 0; layer < config.layerCount; layer++) {
    const prefix = architecture.layerPrefix(layer);
    for (const part of architecture.parts(config, layer)) {
      const path = part.kind === "linear" ? part.path : part.name.replace(/\.weight$/, "");
      const word = layerWords[path];
      const place = (kind: string): NamedPlace => ({ name: `blk.${layer}.${word}.${kind}`, word, layer });
      names.set(`${prefix}${path}.weight`, place("weight"));
      if (part.kind === "linear" && part.hasBias) names.set(`${prefix}${path}.bias`, place("bias"));
    }
  }
  return names;
}
