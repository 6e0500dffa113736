import type { LinearTerms } from "@lathe/tensor";
import type { LanguageModel } from "../decoder/language-model.js";
import type { Linear } from "../decoder/linear.js";

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

function bytesOfTerms({ weight, bias, update }: LinearTerms): number {
  let bytes =
    weight.codes.byteLength + (weight.scales?.byteLength ?? 0) + (bias ? bias.size * FLOAT_BYTES : 0);
  if (weight.format === "nf4" && weight.nested) {
    const { codes, scales, map } = weight.nested;
    bytes += codes.byteLength + scales.byteLength + map.byteLength;
  }
  return bytes + (update ? (update.a.size + update.b.size) * FLOAT_BYTES : 0);
}

function bytesOf(linear: Linear): number {
  const terms = linear.terms?.();
  if (terms) return bytesOfTerms(terms);
  const [outFeatures, inFeatures] = linear.shape;
  return outFeatures * inFeatures * FLOAT_BYTES + (linear.denseBias()?.byteLength ?? 0);
}

/**
 * Exact bytes of weights that a step of generation reads: of all linears, the head included, with scales, biases and low-rank
 * updates. Times the tokens a second, it is what generation of one sequence draws from the memory's bandwidth. Norms and the
 * embedding's row, a few thousandths, are left out; a linear that does not tell what it multiplies with counts as dense float32.
 * Experts count by the share of tokens that is routed to them.
 */
export function weightBytesPerToken(model: LanguageModel): number {
  return model.linears().reduce((sum, { linear, tokenShare }) => sum + tokenShare * bytesOf(linear), 0);
}
