import { type BlockFormatName, blockFormats } from "./blocks/blocks.js";
import type { NamedPlace } from "./gguf-names.js";

/** What the weights of a file are stored in; `Q4_K_M` is llama.cpp's mix of Q4_K and Q6_K. */
export const ggufTypes = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K_M"] as const;

/** One of {@link ggufTypes}. */
export type GgufType = (typeof ggufTypes)[number];

/** Numbers that llama.cpp has for them. */
export const fileTypes: Readonly<Record<GgufType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q8_0: 7,
  Q4_K_M: 15,
  BF16: 32,
};

/** What takes the place of a format whose blocks do not fit into a row. */
const narrower: Partial<Record<BlockFormatName, BlockFormatName>> = {
  Q4_K: "Q5_0",
  Q6_K: "Q8_0",
  Q5_0: "F16",
  Q8_0: "F16",
  Q4_0: "F16",
};

/** A format whose blocks fit into rows of so many numbers. */
function fitting(format: BlockFormatName, columns: number): BlockFormatName {
  let chosen = format;
  while (columns % blockFormats[chosen].values !== 0) chosen = narrower[chosen] ?? "F32";
  return chosen;
}

/** Layers whose values and downward projections llama.cpp gives more bits in Q4_K_M. */
const takesMoreBits = (layer: number, layers: number): boolean => {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
};

/** The format of a tensor in a file of a type: vectors and routers stay float32, and what is quantised is what llama.cpp quantises. */
export function formatOf(
  type: GgufType,
  { word, layer }: NamedPlace,
  shape: readonly number[],
  { isTied, layers }: { readonly isTied: boolean; readonly layers: number },
): BlockFormatName {
  if (shape.length === 1 || word === "ffn_gate_inp") return "F32";
  const columns = shape[shape.length - 1];
  if (type !== "Q4_K_M" && type !== "Q4_0") return fitting(type, columns);
  const isHead = word === "output" || (isTied && word === "token_embd");
  if (isHead) return fitting("Q6_K", columns);
  if (type === "Q4_0") return fitting("Q4_0", columns);
  const isSpared = (word === "attn_v" || word.startsWith("ffn_down")) && takesMoreBits(layer ?? 0, layers);
  return fitting(isSpared ? "Q6_K" : "Q4_K", columns);
}
