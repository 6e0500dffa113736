import {
  architectureOf,
  DenseLinear,
  headPlace,
  type Linear,
  type LinearPlace,
  linearPlaces,
  type ModelConfig,
  TrainableLinear,
} from "@lathe/model";
import {
  type MatrixFormatName,
  matrixFormats,
  packedFormats,
  type PackedMatrix,
  quantize,
  QuantizedLinear,
  type WeightFormat,
} from "@lathe/quant";
import { attentionPace, headPace, type Pace, productPace, wideningPace } from "@lathe/tensor";

/** Rows of the products that are timed; fewer where micro-batches have fewer. */
const ROWS = 256;

/** Inputs and outputs at most: larger products are no faster. */
const LARGEST_SIDE = 2048;

/** Tokens of the rows whose attention is timed at most; that of longer rows grows with their length. */
const LONGEST_ROW = 512;

/** How weights are held that are multiplied with: packed or stored in a type, in float32, or trained in it. */
export type HeldWeights = MatrixFormatName | "fp32" | "trained";

/** How fast a machine computes the parts of a training step. */
export interface MachinePace {
  /**
   * Of a product with a layer's weights, a multiplication with its addition.
   * @param tokenShare of the tokens that pass it; less than 1 for experts that tokens are routed to
   */
  product(held: HeldWeights, tokenShare: number): Pace;
  /** Of a layer's attention, a token. */
  attention(): Pace;
  /** Seconds to widen a byte of weights that are stored as 8-bit floats with a scale a block, where they are not multiplied so. */
  widening(): number;
  /** Seconds of the head with its loss, both ways, a label and entry of the vocabulary. */
  head(held: HeldWeights): number;
}

/** What the parts of a step depend on, besides the machine. */
export interface PaceOptions {
  /** Tokens of a micro-batch. */
  readonly tokens: number;
  /** Tokens of a row, in the mean. */
  readonly rowTokens: number;
}

/** Measures here how fast an engine, the one in use, computes a model's parts: each once, when it is first asked for. */
export function measuredPace(config: ModelConfig, { tokens, rowTokens }: PaceOptions): MachinePace {
  const rowsOf = (tokenShare: number): number => Math.max(1, Math.min(ROWS, Math.round(tokens * tokenShare)));
  const known = new Map<string, unknown>();
  const once = <Value>(name: string, measure: () => Value): Value => {
    if (!known.has(name)) known.set(name, measure());
    return known.get(name) as Value;
  };
  const sizeOf = ([outFeatures, inFeatures]: readonly [number, number]): number => outFeatures * inFeatures;
  const largest = (tokenShare: number): LinearPlace =>
    linearPlaces(config)
      .filter((place) => place.block !== "head" && place.tokenShare === tokenShare)
      .reduce((most, place) => (sizeOf(place.shape) > sizeOf(most.shape) ? place : most));
  const capped = ([outFeatures, inFeatures]: readonly [number, number]): [number, number] => [
    Math.min(LARGEST_SIDE, outFeatures),
    Math.min(LARGEST_SIDE, inFeatures),
  ];
  return {
    product: (held, tokenShare) =>
      once(`product ${held} ${tokenShare}`, () =>
        withLinear(capped(largest(tokenShare).shape), held, (linear, weight) =>
          productPace(linear.shape, rowsOf(tokenShare), (x) => linear.forward(x), weight),
        ),
      ),
    head: (held) =>
      once(`head ${held}`, () =>
        withLinear(capped(headPlace(config).shape), held, (linear, weight) => {
          const head = { project: linear.forward.bind(linear), terms: linear.terms?.() ?? null };
          return (
            headPace(linear.shape, rowsOf(1), head, weight) * (headPlace(config).shape[1] / linear.shape[1])
          );
        }),
      ),
    widening: () => once("widening", () => wideningPace(capped(largest(1).shape))),
    attention: () =>
      once("attention", () => {
        const measured = Math.max(1, Math.min(LONGEST_ROW, Math.round(rowTokens)));
        const heads = architectureOf(config).attention(config, 0);
        const pace = attentionPace(heads, measured, Math.max(1, Math.floor(LONGEST_ROW / measured)));
        const longer = Math.max(1, rowTokens / measured);
        return { forward: pace.forward * longer, backward: pace.backward * longer };
      }),
  };
}

/** Lends a linear of some values, and its weight where it is trained. */
function withLinear<Result>(
  shape: [outFeatures: number, inFeatures: number],
  held: HeldWeights,
  use: (linear: Linear, trained: TrainableLinear["weight"] | undefined) => Result,
): Result {
  const linear = linearOf(shape, held);
  try {
    return use(linear, linear instanceof TrainableLinear ? linear.weight : undefined);
  } finally {
    linear.dispose();
  }
}

/** A linear of some values, held as is asked where its shape can be. */
function linearOf(shape: [outFeatures: number, inFeatures: number], held: HeldWeights): Linear {
  if (held === "fp8") return new QuantizedLinear(eightBitFloats(shape));
  const weight = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => ((i % 17) - 8) / 200);
  if (held === "trained") return new TrainableLinear({ shape, weight, bias: null });
  if (held === "fp32" || !packedFormats[held].isStorable(shape[1]))
    return new DenseLinear({ shape, weight, bias: null });
  return new QuantizedLinear(quantize(weight, shape, held));
}

/** A matrix of some 8-bit floats. */
function eightBitFloats(shape: readonly [outFeatures: number, inFeatures: number]): PackedMatrix {
  const { codesInRow, scalesInRow } = matrixFormats.fp8;
  const [rows, columns] = shape;
  const codes = Uint8Array.from({ length: rows * codesInRow(columns) }, (_, i) => i % 0x7f);
  return { format: "fp8", shape, codes, scales: new Float32Array(rows * scalesInRow(columns)).fill(2 ** -9) };
}

/**
 * How a run holds the weights of its layers and of its head.
 * @param inPlace whether the engine multiplies with stored weights as they lie
 * @param stored type in which the folder has them, or null for float32
 */
export function heldWeights(
  inPlace: boolean,
  quantize: WeightFormat,
  stored: MatrixFormatName | null,
): { readonly layers: HeldWeights; readonly head: HeldWeights } {
  if (quantize !== "none") return { layers: quantize, head: packedFormats[quantize].headFormat };
  // What was packed stays so; halves are used in place, or widened.
  const isInPlace = stored !== null && (inPlace || matrixFormats[stored].scaling !== "none");
  if (!isInPlace) return { layers: "fp32", head: "fp32" };
  // Heads are published in the type that 8-bit floats stand for.
  return { layers: stored, head: stored === "fp8" ? "bf16" : packedFormats[stored].headFormat };
}
