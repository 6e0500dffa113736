import { product } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { initialMatrix } from "./initial-matrix.js";

/** Directions beyond the rank that the iteration follows. */
const OVERSAMPLING = 8;

/** Degree of the polynomial of a sweep, and most sweeps: the weight is multiplied twice as often as a degree says. */
const DEGREE = 8;
const MOST_SWEEPS = 10;

/** What may be left of WᵀW v − λ v, as a share of the largest λ. */
const TOLERANCE = 1e-5;

/** Two factors of a matrix of low rank. */
export interface Factors {
  /** [r, I] row-major */
  readonly a: Float32Array;
  /** [O, r] row-major */
  readonly b: Float32Array;
}

/**
 * The best approximation B A of a matrix among those of rank r: B = U √Σ, A = √Σ Vᵀ of its r largest singular values. A block of
 * directions, random at first (Halko et al., arXiv:0909.4061), is filtered by Chebyshev's polynomials of WᵀW, which damp what is below the
 * block's least value (Zhou, Saad et al., doi:10.1016/j.jcp.2006.03.017), until the first r no longer move, or so long. Products are the
 * engine's, what is orthogonal is computed on the host in doubles.
 *
 * @param weight [O, I] row-major   @param rank at most the shorter side is used; factors beyond are 0   @param path names the draw
 */
export function principalFactors(
  weight: Float32Array,
  [outFeatures, inFeatures]: readonly [outFeatures: number, inFeatures: number],
  rank: number,
  seed: number,
  path: string,
): Factors {
  const count = Math.min(rank + OVERSAMPLING, outFeatures, inFeatures);
  const used = Math.min(rank, count);
  const matrix = tf.tensor2d(weight, [outFeatures, inFeatures]);
  // Turned once rather than for every product.
  const turnedMatrix = tf.transpose(matrix);
  try {
    const times = (rows: Float32Array, by: tf.Tensor2D): Float32Array => {
      const block = tf.tensor2d(rows, [count, rows.length / count]);
      return taken(product(block, by), block);
    };
    const squared = (rows: Float32Array): Float32Array => times(times(rows, turnedMatrix), matrix);
    let right = squared(orthonormal(initialMatrix(count, inFeatures, seed, path), inFeatures));
    for (let sweep = 1; ; sweep++) {
      right = orthonormal(right, inFeatures);
      // W ≈ Tᵀ Q with T = Q Wᵀ [k, O]; the eigenvectors E of T Tᵀ turn Q into V, and T into Σ U.
      const turned = times(right, turnedMatrix);
      const { values, vectors } = eigen(gram(turned, outFeatures), count);
      right = turnedBy(vectors, right, inFeatures);
      const left = turnedBy(vectors, turned, outFeatures);
      const applied = times(left, matrix);
      if (sweep > MOST_SWEEPS || mostLeft(applied, right, values, used) <= TOLERANCE * values[0]) {
        return scaledFactors(left, right, values, { rank, used, outFeatures, inFeatures });
      }
      right = filtered(right, applied, values, squared);
    }
  } finally {
    tf.dispose([matrix, turnedMatrix]);
  }
}

/** E ᵀ X. @param vectors [k, k], an eigenvector a column @param rows [k, n] */
function turnedBy(vectors: Float64Array, rows: Float32Array, width: number): Float32Array {
  const count = rows.length / width;
  const out = new Float32Array(rows.length);
  const row = new Float64Array(width);
  for (let r = 0; r < count; r++) {
    row.fill(0);
    for (let k = 0; k < count; k++) {
      const share = vectors[k * count + r];
      for (let i = 0; i < width; i++) row[i] += share * rows[k * width + i];
    }
    out.set(row, r * width);
  }
  return out;
}

/** The greatest length of WᵀW v − λ v among the first vectors. @param applied WᵀW v, a row each */
function mostLeft(
  applied: Float32Array,
  right: Float32Array,
  values: readonly number[],
  used: number,
): number {
  const width = right.length / values.length;
  let most = 0;
  for (let r = 0; r < used; r++) {
    let square = 0;
    for (let i = r * width; i < (r + 1) * width; i++) square += (applied[i] - values[r] * right[i]) ** 2;
    most = Math.max(most, Math.sqrt(square));
  }
  return most;
}

/**
 * Chebyshev's polynomial of WᵀW on a block of vectors: at most 1 from 0 to the least of the block's values, and growing fast above, scaled so
 * that the largest stays about 1.
 * @param applied WᵀW of the block
 */
function filtered(
  block: Float32Array,
  applied: Float32Array,
  values: readonly number[],
  squared: (rows: Float32Array) => Float32Array,
): Float32Array {
  const half = Math.max(values[values.length - 1], Number.EPSILON * values[0]) / 2;
  const first = half / (values[0] - half);
  let scale = first;
  let before = block;
  let now = applied.map((value, i) => ((value - half * block[i]) * first) / half);
  for (let degree = 2; degree <= DEGREE; degree++) {
    const next = 1 / (2 / first - scale);
    const [ofNow, ofBefore] = [(2 * next) / half, scale * next];
    const [previous, current] = [before, now];
    now = squared(current).map((value, i) => ofNow * (value - half * current[i]) - ofBefore * previous[i]);
    before = current;
    scale = next;
  }
  return now;
}

/** B = U √Σ and A = √Σ Vᵀ. @param left Σ U [k, O] @param right V [k, I] @param values the squares of Σ */
function scaledFactors(
  left: Float32Array,
  right: Float32Array,
  values: readonly number[],
  {
    rank,
    used,
    outFeatures,
    inFeatures,
  }: Readonly<Record<"rank" | "used" | "outFeatures" | "inFeatures", number>>,
): Factors {
  const a = new Float32Array(rank * inFeatures);
  const b = new Float32Array(outFeatures * rank);
  for (let r = 0; r < used; r++) {
    const root = Math.max(0, values[r]) ** 0.25;
    if (root === 0) continue;
    for (let i = 0; i < inFeatures; i++) a[r * inFeatures + i] = root * right[r * inFeatures + i];
    for (let o = 0; o < outFeatures; o++) b[o * rank + r] = left[r * outFeatures + o] / root;
  }
  return { a, b };
}

/** W − s B A. @param weight [O, I] row-major, left as it is @returns [O, I] */
export function withoutFactors(
  weight: Float32Array,
  [outFeatures, inFeatures]: readonly [outFeatures: number, inFeatures: number],
  { a, b }: Factors,
  scale: number,
): Float32Array {
  const rank = a.length / inFeatures;
  const [left, right] = [tf.tensor2d(b, [outFeatures, rank]), tf.tensor2d(a, [rank, inFeatures])];
  const values = taken(product(left, right), left, right);
  return weight.map((value, i) => value - scale * values[i]);
}

/** A result's values; it and what it was made from are freed. A scope of TensorFlow.js would look at every number for a tensor. */
function taken(result: tf.Tensor, ...from: tf.Tensor[]): Float32Array {
  const values = Float32Array.from(result.dataSync<"float32">());
  tf.dispose([result, ...from]);
  return values;
}

/** Rows made orthonormal one after the other, twice for the sake of rounding; rows without a part of their own become 0. */
function orthonormal(rows: Float32Array, width: number): Float32Array {
  const count = rows.length / width;
  const made: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const row = Float64Array.from(rows.subarray(k * width, (k + 1) * width));
    const before = norm(row);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of made) {
        let along = 0;
        for (let i = 0; i < width; i++) along += row[i] * other[i];
        for (let i = 0; i < width; i++) row[i] -= along * other[i];
      }
    }
    const length = norm(row);
    const isOwn = length > 1e-6 * before;
    for (let i = 0; i < width; i++) row[i] = isOwn ? row[i] / length : 0;
    made.push(row);
  }
  return Float32Array.from({ length: rows.length }, (_, i) => made[Math.floor(i / width)][i % width]);
}

const norm = (row: Float64Array): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));

/** T Tᵀ of rows T [k, n] in doubles. @returns [k, k] */
function gram(rows: Float32Array, width: number): Float64Array {
  const count = rows.length / width;
  const products = new Float64Array(count * count);
  for (let j = 0; j < count; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += rows[j * width + i] * rows[k * width + i];
      products[j * count + k] = products[k * count + j] = sum;
    }
  }
  return products;
}

/**
 * Eigenvalues, the largest first, and eigenvectors, a column each, of a symmetric matrix (Jacobi's rotations).
 * @param matrix [n, n], overwritten
 */
function eigen(
  matrix: Float64Array,
  n: number,
): { readonly values: readonly number[]; readonly vectors: Float64Array } {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const total = matrix.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let rest = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apart = matrix[p * n + q];
        rest += apart * apart;
        if (apart === 0) continue;
        const theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * apart);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [kp, kq] = [matrix[k * n + p], matrix[k * n + q]];
          matrix[k * n + p] = c * kp - s * kq;
          matrix[k * n + q] = s * kp + c * kq;
        }
        for (let k = 0; k < n; k++) {
          const [pk, qk] = [matrix[p * n + k], matrix[q * n + k]];
          matrix[p * n + k] = c * pk - s * qk;
          matrix[q * n + k] = s * pk + c * qk;
          const [vp, vq] = [vectors[k * n + p], vectors[k * n + q]];
          vectors[k * n + p] = c * vp - s * vq;
          vectors[k * n + q] = s * vp + c * vq;
        }
      }
    }
    if (rest <= 1e-28 * total) break;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => matrix[j * n + j] - matrix[i * n + i]);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) sorted[k * n + to] = vectors[k * n + from];
  });
  return { values: order.map((i) => matrix[i * n + i]), vectors: sorted };
}
