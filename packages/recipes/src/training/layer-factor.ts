import { architectureOf, type ModelConfig } from "@lathe/model";

/**
 * Factors on the learning rate by depth (Clark et al., arXiv:2003.10555, §3.1; Howard & Ruder, arXiv:1801.06146, §3.2): 1 for the
 * head and the last norm, `decay` for the last layer, and again as much for every layer below, the embedding at the bottom.
 *
 * @returns the factor of a tensor whose name in safetensors is given, or holds it
 */
export function layerFactor(model: ModelConfig, decay: number): (name: string) => number {
  const { ends } = architectureOf(model);
  const layerOf = layerNumberIn(model);
  return (name) => {
    if (name.includes(ends.embedding)) return decay ** (model.layerCount + 1);
    const layer = layerOf(name);
    return layer === null ? 1 : decay ** (model.layerCount - layer);
  };
}

/** @returns the number of the layer that a tensor is in whose name in safetensors is given, or holds it; null for none */
export function layerNumberIn(model: ModelConfig): (name: string) => number | null {
  const { layerPrefix } = architectureOf(model);
  const prefixes = Array.from({ length: model.layerCount }, (_, layer) => layerPrefix(layer));
  return (name) => {
    const layer = prefixes.findIndex((prefix) => name.includes(prefix));
    return layer < 0 ? null : layer;
  };
}
