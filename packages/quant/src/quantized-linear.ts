import type { Linear, RowRange } from "@lathe/model";
import {
  apply,
  engineInUse,
  fusedLinears,
  fusesLinears,
  type LinearTerms,
  type Operation,
  PACKED_LINEAR,
  type PackedLinearAttributes,
  product,
  releaseMatrix,
  ShapeError,
  transposed,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { cutMatrix } from "./cut-matrix.js";
import { dequantize, rowScalesOf, widenRows } from "./dequantize.js";
import { checkPackedMatrix, packedBytes, type PackedMatrix } from "./packed-matrix.js";

/** Most weights that are widened to float32 at one time: 32 MiB. A larger matrix is used in blocks of output rows. */
export const WIDENED_WEIGHTS = 8 * 1024 * 1024;

/** What the kernels of {@link quantizedLinearOperation} are given besides their inputs. */
export interface QuantizedLinearAttributes extends PackedLinearAttributes {
  readonly matrix: PackedMatrix;
  /** Most weights that the portable form widens at one time. */
  readonly widenedWeights: number;
}

/**
 * y = x Ŵᵀ + b over a packed Ŵ [O, I]; inputs are x [N, I] and, if there is one, b [O]. For engines
 * that do not read packed weights themselves: the codes are widened, block by block, and multiplied.
 *
 * A scale of an output row is applied to sums and not to weights: y = (x Cᵀ) · s and dx = (dy · s) C. Scales of blocks
 * (nf4) are applied while codes are widened.
 */
export const quantizedLinearOperation: Operation<QuantizedLinearAttributes> = {
  name: PACKED_LINEAR,
  forward([x, bias], { matrix, widenedWeights }) {
    // As (C xᵀ)ᵀ, which turns x and y and leaves the codes as they lie. The wasm backend repacks the second operand of a
    // product when it sees it for the first time, so freshly widened codes come first.
    const turnedX = transposed(x as tf.Tensor2D);
    const parts = rowBlocks(matrix, widenedWeights).map((rows) => {
      const widened = widenedBlock(matrix, rows);
      const part = product(widened, turnedX);
      widened.dispose();
      return part;
    });
    const turnedY = parts.length === 1 ? parts[0] : tf.concat(parts, 0);
    const scales = rowScalesOf(matrix);
    const y = transposed(scales ? tf.mul(turnedY, tf.tensor2d(scales, [matrix.shape[0], 1])) : turnedY);
    return { output: bias ? tf.add(y, bias) : y, saved: [] };
  },
  pullback(gradient, _saved, { matrix, widenedWeights }, [needsX]) {
    if (!needsX) return [null, null];
    const outFeatures = matrix.shape[0];
    const scales = rowScalesOf(matrix);
    const dy = scales ? tf.mul(gradient, tf.tensor1d(scales)) : gradient;
    let sum: tf.Tensor | null = null;
    for (const rows of rowBlocks(matrix, widenedWeights)) {
      const count = rows.end - rows.start;
      const widened = widenedBlock(matrix, rows);
      const columns =
        count === outFeatures ? dy : tf.slice2d(dy as tf.Tensor2D, [0, rows.start], [dy.shape[0], count]);
      const part = product(columns as tf.Tensor2D, widened);
      tf.dispose(columns === dy ? [widened] : [widened, columns]);
      if (sum === null) sum = part;
      else {
        const before: tf.Tensor = sum;
        sum = tf.add(before, part);
        tf.dispose([before, part]);
      }
    }
    return [sum, null];
  },
};

function widenedBlock(matrix: PackedMatrix, rows: RowRange): tf.Tensor2D {
  return tf.tensor2d(widenRows(matrix, rows), [rows.end - rows.start, matrix.shape[1]]);
}

function rowBlocks({ shape: [rows, columns] }: PackedMatrix, widenedWeights: number): RowRange[] {
  const size = Math.max(1, Math.floor(widenedWeights / Math.max(1, columns)));
  const blocks: RowRange[] = [];
  for (let start = 0; start < rows; start += size) blocks.push({ start, end: Math.min(start + size, rows) });
  return blocks;
}

/**
 * y = x Ŵᵀ + b over a frozen packed matrix, recorded on the active tape. Only x has a gradient.
 *
 * Axes: N rows, I inputs, O outputs.
 * @param x [N, I]   @param matrix [O, I]   @param bias [O], optional; frozen
 * @param widenedWeights most weights that are float32 at one time on engines without a kernel of their own
 * @returns [N, O], owned by the caller
 * @throws ShapeError
 */
export function quantizedLinear(
  x: tf.Tensor2D,
  matrix: PackedMatrix,
  bias: tf.Tensor1D | null = null,
  widenedWeights: number = WIDENED_WEIGHTS,
): tf.Tensor2D {
  const [outFeatures, inFeatures] = matrix.shape;
  if (x.rank !== 2 || x.shape[1] !== inFeatures) {
    throw new ShapeError("quantizedLinear", `x [N, ${inFeatures}]`, x.shape);
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== outFeatures)) {
    throw new ShapeError("quantizedLinear", `bias [${outFeatures}]`, bias.shape);
  }
  if (fusesLinears()) return fusedLinears(x, [{ weight: matrix, bias, update: null }])[0];
  const attributes = { matrix, widenedWeights };
  return apply(quantizedLinearOperation, bias ? [x, bias] : [x], attributes) as tf.Tensor2D;
}

/** A frozen linear whose weight stays packed; only its bias lives in the engine's memory. */
export class QuantizedLinear implements Linear {
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  #matrix: PackedMatrix | null;
  readonly #bias: tf.Tensor1D | null;
  readonly #release: () => void;

  /**
   * @param matrix [O, I], used in place and not to be changed from then on   @param bias [O] float32, or null
   * @param release gives back what the matrix lies in, once, when the linear is disposed
   * @throws RangeError when the parts of the matrix, or the bias, do not fit its shape
   */
  constructor(matrix: PackedMatrix, bias: Float32Array | null = null, release: () => void = () => undefined) {
    checkPackedMatrix(matrix);
    if (bias && bias.length !== matrix.shape[0]) {
      throw new RangeError(`QuantizedLinear: expected a bias of ${matrix.shape[0]}, got ${bias.length}`);
    }
    this.shape = matrix.shape;
    this.#matrix = matrix;
    this.#release = release;
    this.#bias = bias && tf.keep(tf.tensor1d(bias));
  }

  /** The packed weight. @throws Error after {@link QuantizedLinear.dispose} */
  get matrix(): PackedMatrix {
    if (this.#matrix === null)
      throw new Error("QuantizedLinear: expected a linear in use, got a disposed one");
    return this.#matrix;
  }

  /** Exact bytes of codes, scales and bias. */
  get byteLength(): number {
    return packedBytes(this.matrix) + (this.#bias ? this.shape[0] * Float32Array.BYTES_PER_ELEMENT : 0);
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return quantizedLinear(x, this.matrix, this.#bias);
  }

  terms(): LinearTerms {
    return { weight: this.matrix, bias: this.#bias, update: null };
  }

  denseWeight(): Float32Array {
    return dequantize(this.matrix);
  }

  denseBias(): Float32Array | null {
    return this.#bias && Float32Array.from(this.#bias.dataSync());
  }

  cut(outputs: RowRange, inputs: RowRange): QuantizedLinear {
    const { weightMemory: memory } = engineInUse();
    const cut = cutMatrix(
      this.matrix,
      outputs,
      inputs,
      memory ? (bytes) => memory.allocate(bytes) : undefined,
    );
    const bias = this.denseBias()?.slice(outputs.start, outputs.end) ?? null;
    this.dispose();
    return new QuantizedLinear(cut, bias, () => memory?.free(cut.codes.buffer as ArrayBuffer));
  }

  /** Frees the bias and gives the packed weight back; a second call is harmless. */
  dispose(): void {
    if (this.#matrix === null) return;
    releaseMatrix(this.#matrix);
    this.#matrix = null;
    this.#bias?.dispose();
    this.#release();
  }
}
