import type { OnWarning } from "@lathe/files";
import {
  architectureOf,
  elementCount,
  type LatentAttentionConfig,
  type LatentMixtureConfig,
  type RowRange,
} from "@lathe/model";
import type { MergedTensor } from "@lathe/peft";
import type { OpenedSource } from "../source/open-source.js";
import type { GgufLayout, PlacedTensor } from "./gguf-layout.js";
import { ggufEndNames, layerWords } from "./gguf-names.js";
import { checkLatentMixture, LATENT_MIXTURE, latentMixtureShape } from "./latent-mixture-shape.js";

/** llama.cpp's words for the modules of a layer, by the path within it, but for those that are split or stacked. */
const words: Readonly<Record<string, string>> = {
  ...layerWords,
  "self_attn.q_a_proj": "attn_q_a",
  "self_attn.q_a_layernorm": "attn_q_a_norm",
  "self_attn.q_b_proj": "attn_q_b",
  "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
  "self_attn.kv_a_layernorm": "attn_kv_a_norm",
  "mlp.gate": "ffn_gate_inp",
  "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
  "mlp.shared_experts.up_proj": "ffn_up_shexp",
  "mlp.shared_experts.down_proj": "ffn_down_shexp",
};

/** Of all heads, still parts of keys before values; llama.cpp has the two apart. */
const KEYS_AND_VALUES = "self_attn.kv_b_proj";

/** What is added to the scores of experts, which llama.cpp has as the bias of a module without a weight. */
const CORRECTION = "mlp.gate.e_score_correction_bias";

const expertPath = /^mlp\.experts\.\d+\.(gate|up|down)_proj$/;

/**
 * How a decoder with latent attention and mixtures of experts lies in a GGUF file, as `deepseek2`: attention is there as its cached
 * form, one head of keys and values over the latents (arXiv:2405.04434, §2.1.2), and the experts of a layer are one tensor each for
 * gates and the two projections.
 *
 * @param path of the model, for messages
 * @throws ExportError when a trait of the model has no place there
 */
export function latentMixtureLayout(source: OpenedSource, path: string, onWarning?: OnWarning): GgufLayout {
  const config = source.config as LatentMixtureConfig;
  checkLatentMixture(config, path, onWarning);
  const tensorOf = (name: string): MergedTensor => source.tensors.get(name)!;
  const ends = [...ggufEndNames(config)]
    .filter(([, { word }]) => word !== "output" || !source.isTied)
    .map(([name, place]): PlacedTensor => ({ ...place, ...whole(tensorOf(name)) }));
  const layers = Array.from({ length: config.layerCount }, (_, layer) => ofLayer(config, layer, tensorOf));
  return {
    architecture: LATENT_MIXTURE,
    shape: latentMixtureShape(config),
    tensors: [...ends, ...layers.flat()],
  };
}

type Read = Pick<PlacedTensor, "shape" | "read">;

const whole = (tensor: MergedTensor): Read => ({ shape: tensor.shape, read: (rows) => tensor.read(rows) });

function ofLayer(
  config: LatentMixtureConfig,
  layer: number,
  tensorOf: (name: string) => MergedTensor,
): PlacedTensor[] {
  const architecture = architectureOf(config);
  const prefix = architecture.layerPrefix(layer);
  const placed: PlacedTensor[] = [];
  const put = (word: string, read: Read, kind = "weight"): void => {
    placed.push({ name: `blk.${layer}.${word}.${kind}`, word, layer, ...read });
  };
  const experts = new Map<string, MergedTensor[]>();
  for (const part of architecture.parts(config, layer)) {
    const name = part.kind === "linear" ? `${part.path}.weight` : part.name;
    const tensor = tensorOf(`${prefix}${name}`);
    const path = name.replace(/\.weight$/, "");
    const expert = expertPath.exec(path);
    if (expert) {
      const word = `ffn_${expert[1]}_exps`;
      const others = experts.get(word);
      if (others) others.push(tensor);
      else experts.set(word, [tensor]);
    } else if (path === KEYS_AND_VALUES) {
      put("attn_k_b", keysOf(tensor, config.attention));
      put("attn_v_b", valuesOf(tensor, config.attention));
    } else if (path === CORRECTION) {
      put("exp_probs_b", whole(tensor), "bias");
    } else {
      put(words[path], whole(tensor));
    }
  }
  for (const [word, tensors] of experts) put(word, stacked(tensors));
  return placed;
}

/** Experts one after the other. [E, out, in] */
function stacked(experts: readonly MergedTensor[]): Read {
  return {
    shape: [experts.length, ...experts[0].shape],
    async read({ start, end }) {
      const size = elementCount(experts[0].shape);
      const values = new Float32Array((end - start) * size);
      for (let expert = start; expert < end; expert++) {
        values.set(await experts[expert].read(), (expert - start) * size);
      }
      return values;
    },
  };
}

/** The rows of some heads, still keys and values of each. [heads · (still + value), latent] */
async function rowsOfHeads(
  tensor: MergedTensor,
  { stillSize, valueSize }: LatentAttentionConfig,
  { start, end }: RowRange,
): Promise<Float32Array> {
  const size = stillSize + valueSize;
  return await tensor.read({ start: start * size, end: end * size });
}

/** What brings the queries of a head to the latents: its still keys, turned over. [H, latent, still] */
function keysOf(tensor: MergedTensor, attention: LatentAttentionConfig): Read {
  const { headCount, latentSize, stillSize, valueSize } = attention;
  return {
    shape: [headCount, latentSize, stillSize],
    async read(heads) {
      const rows = await rowsOfHeads(tensor, attention, heads);
      const keys = new Float32Array((heads.end - heads.start) * latentSize * stillSize);
      for (let head = 0; head < heads.end - heads.start; head++) {
        const from = head * (stillSize + valueSize) * latentSize;
        const to = head * latentSize * stillSize;
        for (let key = 0; key < stillSize; key++) {
          for (let i = 0; i < latentSize; i++) {
            keys[to + i * stillSize + key] = rows[from + key * latentSize + i];
          }
        }
      }
      return keys;
    },
  };
}

/** What makes a head's values of the latents. [H, value, latent] */
function valuesOf(tensor: MergedTensor, attention: LatentAttentionConfig): Read {
  const { headCount, latentSize, stillSize, valueSize } = attention;
  return {
    shape: [headCount, valueSize, latentSize],
    async read(heads) {
      const rows = await rowsOfHeads(tensor, attention, heads);
      const size = valueSize * latentSize;
      const values = new Float32Array((heads.end - heads.start) * size);
      for (let head = 0; head < heads.end - heads.start; head++) {
        const from = (head * (stillSize + valueSize) + stillSize) * latentSize;
        values.set(rows.subarray(from, from + size), head * size);
      }
      return values;
    },
  };
}
