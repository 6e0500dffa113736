import { phrase } from "@lathe/files";
import type { WeightFormat } from "@lathe/quant";
import { field, type RecipeFault } from "../recipe-error.js";

/** Why weights that stay on disk cannot be packed while they are read; null where they are not to be. */
export function packedStreamFault(quantize: WeightFormat): RecipeFault | null {
  if (quantize === "none") return null;
  return {
    field: "quantize",
    sentence: phrase`${field("stream")} would pack the weights anew whenever they are read: write a packed folder once with lathe quantize, and take that`,
  };
}
