import type { ModelConfig } from "../config/model-config.js";
import type { Architecture, LinearBlock, LinearDivision, LinearPart, LinearRole } from "./architecture.js";
import { architectureOf } from "./architecture-of.js";

/** A linear's place in stored weights. */
export interface StoredLinear {
  /** Path without `.weight`, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  readonly block: LinearBlock;
  /** Name of the weight's tensor; a tied head's is the embedding's. */
  readonly weight: string;
  /** Name of the bias's tensor, or null. */
  readonly bias: string | null;
  readonly shape: readonly [outFeatures: number, inFeatures: number];
}

/** A linear's place in a model, and what it does there. */
export interface LinearPlace extends StoredLinear {
  /** Last part of the path, e.g. `q_proj`. */
  readonly name: string;
  readonly roles: readonly LinearRole[];
  /** Layer number; null for the head. */
  readonly layer: number | null;
  /** Share of the tokens that pass it on average: 1, but for experts that tokens are routed to. */
  readonly tokenShare: number;
  /** Number of the routed expert that it is a part of, or null. */
  readonly expert: number | null;
  /** How processes that compute layers together may share it; null where all of them have it. */
  readonly division: LinearDivision | null;
}

/** A linear's place within its layer, and in the model. */
export interface LayerLinearPlace extends LinearPlace {
  /** Path within the layer, e.g. `self_attn.q_proj`. */
  readonly pathInLayer: string;
  readonly layer: number;
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** The linears of one layer. */
export function layerLinears(config: ModelConfig, layer: number): LayerLinearPlace[] {
  const architecture = architectureOf(config);
  const prefix = architecture.layerPrefix(layer);
  return linearParts(architecture, config, layer).map(
    ({ path, roles, block, shape, hasBias, tokenShare = 1, expert = null, division = null }) => ({
      path: prefix + path,
      pathInLayer: path,
      name: lastPart(path),
      roles,
      block,
      layer,
      tokenShare,
      expert,
      division,
      weight: `${prefix}${path}.weight`,
      bias: hasBias ? `${prefix}${path}.bias` : null,
      shape,
    }),
  );
}

function linearParts(architecture: Architecture, config: ModelConfig, layer: number): LinearPart[] {
  return architecture.parts(config, layer).filter((part) => part.kind === "linear");
}

/** The output head. A tied one shares the embedding's tensor. */
export function headPlace(config: ModelConfig): LinearPlace {
  const { embedding, head } = architectureOf(config).ends;
  return {
    path: head,
    name: lastPart(head),
    roles: ["head"],
    block: "head",
    layer: null,
    tokenShare: 1,
    expert: null,
    division: null,
    weight: config.tieWordEmbeddings ? embedding : `${head}.weight`,
    bias: null,
    shape: [config.vocabularySize, config.hiddenSize],
  };
}

/** The linears of a model as its config implies them, layers first, the head last. */
export function linearPlaces(config: ModelConfig): LinearPlace[] {
  const layers = Array.from({ length: config.layerCount }, (_, layer) => layerLinears(config, layer));
  return [...layers.flat(), headPlace(config)];
}
