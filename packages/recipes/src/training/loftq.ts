import { type LanguageModel, openWeights } from "@lathe/model";
import { type Factors, type LoraTarget, principalFactors, withoutFactors } from "@lathe/peft";
import { dequantize, type PackedMatrix, quantize, QuantizedLinear } from "@lathe/quant";

/** Rounds of packing and factoring, as many as the paper's experiments take. */
const ROUNDS = 5;

/** A packed matrix and what an adapter over it begins with. */
export interface LoftqStart {
  readonly matrix: PackedMatrix;
  readonly factors: Factors;
}

const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);

/**
 * LoftQ (Li et al., arXiv:2310.08659, algorithm 1): packs Q of W − s B A and takes B A of W − Q, in turns, so that Q + s B A comes nearer
 * to W than Q alone. Of the rounds the one that came nearest is taken.
 *
 * @param weight [O, I] row-major
 */
export function loftqStart(weight: Float32Array, target: LoraTarget, seed: number): LoftqStart {
  const { shape, rank, scale, path } = target;
  let best: (LoftqStart & { readonly error: number }) | null = null;
  let residual = weight;
  for (let round = 0; round < ROUNDS; round++) {
    const matrix = quantize(residual, shape, "nf4", target.weight);
    const packed = dequantize(matrix);
    const lost = weight.map((value, i) => value - packed[i]);
    const { a, b } = principalFactors(lost, shape, rank, seed, path);
    const root = Math.sqrt(scale);
    const factors = { a: a.map((value) => value / root), b: b.map((value) => value / root) };
    const error = squares(withoutFactors(lost, shape, factors, scale));
    if (!best || error < best.error) best = { matrix, factors, error };
    residual = withoutFactors(weight, shape, factors, scale);
  }
  return best!;
}

/**
 * Puts bases that were packed together with an adapter into a model that was packed in nf4 while it was read.
 *
 * @param folder of the model, with float weights
 * @returns what the adapter begins with, by the paths of the linears; those that nf4 left as they are have nothing
 */
export async function packForAdapter(
  model: LanguageModel,
  folder: string,
  targets: readonly LoraTarget[],
  seed: number,
): Promise<ReadonlyMap<string, LoftqStart>> {
  const starts = new Map<string, LoftqStart>();
  const linears = new Map(model.linears().map(({ path, linear }) => [path, linear]));
  const weights = await openWeights(folder);
  try {
    for (const target of targets) {
      const linear = linears.get(target.path)!;
      if (!(linear instanceof QuantizedLinear) || linear.matrix.format !== "nf4") continue;
      const start = loftqStart(await weights.readFloat32(target.weight), target, seed);
      const packed = new QuantizedLinear(start.matrix, linear.denseBias());
      model.replaceLinear(target.path, packed).dispose();
      starts.set(target.path, start);
    }
  } finally {
    await weights.close();
  }
  return starts;
}
