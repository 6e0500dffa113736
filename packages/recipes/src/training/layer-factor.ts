import { architectureOf, type ModelConfig } from "@lathe/model";

/**
 * Factors on the learning rate by depth (Clark et al., arXiv:2003.10555, §3.1; Howard & Ruder, arXiv:1801.06146, §3.2): 1 for the
 * head and the last norm, `decay` for the last layer, and again as much for every layer below, the embedding at the bottom.
 *
 * @returns the factor of a tensor whose name in safetensors is given, or holds it
 */
export function layerFactor(model: ModelConfig, decay: number): (name: string) => number {
  const { ends, layerPrefix } = architectureOf(model);
  const prefixes = Array.from({ length: model.layerCount }, (_, layer) => layerPrefix(layer));
  return (name) => {
    if (name.includes(ends.embedding)) return decay ** (model.layerCount + 1);
    const layer = prefixes.findIndex((prefix) => name.includes(prefix));
    return layer < 0 ? 1 : decay ** (model.layerCount - layer);
  };
}
