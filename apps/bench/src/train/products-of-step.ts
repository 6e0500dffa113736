import { architectureOf } from "@lathe/model";
import { type Direction, operationCount, type ProductShape } from "../gemm/gemm-job.js";
import { modelConfig, type ModelSize } from "../shared/model-sizes.js";
import type { BaseFormat } from "../shared/random-weights.js";

/** Products with the weights of one shape that a step takes, and how many of them. */
export interface StepProduct extends ProductShape {
  readonly direction: Direction;
  /** Of the weight. */
  readonly format: BaseFormat;
  readonly count: number;
}

/** What the products of a step depend on. */
export interface StepOfProducts {
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly headFormat: BaseFormat;
  /** Tokens of a micro-batch, and those of them with a loss. */
  readonly tokens: number;
  readonly labels: number;
  /** Micro-batches of a step. */
  readonly microBatches: number;
}

/** Linears that read the embedding in the first layer, whose gradient nobody wants. */
const firstLinears = /(^|\.)(q|k|v)_proj$/;

/**
 * The products that a step of LoRA cannot do without: with every frozen weight one forward and one for the gradient of its
 * input. What is computed again to save memory, and the adapters' own, is left out.
 */
export function productsOfStep({
  size,
  base,
  headFormat,
  tokens,
  labels,
  microBatches,
}: StepOfProducts): StepProduct[] {
  const config = modelConfig(size);
  const architecture = architectureOf(config);
  const products = new Map<string, StepProduct>();
  const add = (shape: ProductShape, format: BaseFormat, direction: Direction): void => {
    const key = [shape.rows, shape.outFeatures, shape.inFeatures, format, direction].join(" ");
    const count = (products.get(key)?.count ?? 0) + microBatches;
    products.set(key, { ...shape, format, direction, count });
  };
  for (let layer = 0; layer < config.layerCount; layer++) {
    for (const part of architecture.parts(config, layer)) {
      if (part.kind !== "linear") continue;
      const shape = { rows: tokens, outFeatures: part.shape[0], inFeatures: part.shape[1] };
      add(shape, base, "forward");
      if (layer > 0 || !firstLinears.test(part.path)) add(shape, base, "gradient");
    }
  }
  const head = { rows: labels, outFeatures: config.vocabularySize, inFeatures: config.hiddenSize };
  add(head, headFormat, "forward");
  add(head, headFormat, "gradient");
  return [...products.values()];
}

/** Operations of products: a multiplication and an addition for each pair. */
export function operationsOf(products: readonly StepProduct[]): number {
  return products.reduce((sum, product) => sum + product.count * operationCount(product), 0);
}
