import { product } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { initialMatrix } from "./initial-matrix.js";

/** Directions beyond the rank that the iteration follows, and how often it goes to and fro. */
const OVERSAMPLING = 8;
const ITERATIONS = 6;

/** Two factors of a matrix of low rank. */
export interface Factors {
  /** [r, I] row-major */
  readonly a: Float32Array;
  /** [O, r] row-major */
  readonly b: Float32Array;
}

/**
 * The best approximation B A of a matrix among those of rank r: B = U √Σ, A = √Σ Vᵀ of its r largest singular values, by subspace
 * iteration from random directions (Halko et al., arXiv:0909.4061, algorithm 4.4). Products are the engine's, what is orthogonal
 * is computed on the host in doubles.
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
  try {
    const times = (rows: Float32Array, width: number, isTransposed: boolean): Float32Array =>
      tf.tidy(() =>
        Float32Array.from(
          product(tf.tensor2d(rows, [count, width]), matrix, false, isTransposed).dataSync<"float32">(),
        ),
      );
    let right = orthonormal(initialMatrix(count, inFeatures, seed, path), inFeatures);
    for (let i = 0; i < ITERATIONS; i++) {
      const left = orthonormal(times(right, inFeatures, true), outFeatures);
      right = orthonormal(times(left, outFeatures, false), inFeatures);
    }
    // W ≈ Tᵀ Q with T = Q Wᵀ [k, O]; the eigenvectors E of T Tᵀ turn Q into V, and T into Σ U.
    const turned = times(right, inFeatures, true);
    const { values, vectors } = eigen(gram(turned, outFeatures), count);
    const a = new Float32Array(rank * inFeatures);
    const b = new Float32Array(outFeatures * rank);
    for (let r = 0; r < used; r++) {
      const singular = Math.sqrt(Math.max(0, values[r]));
      const root = Math.sqrt(singular);
      for (let k = 0; k < count; k++) {
        const weightOf = vectors[k * count + r];
        for (let i = 0; i < inFeatures; i++) {
          a[r * inFeatures + i] += weightOf * root * right[k * inFeatures + i];
        }
        if (singular === 0) continue;
        for (let o = 0; o < outFeatures; o++) {
          b[o * rank + r] += (weightOf / root) * turned[k * outFeatures + o];
        }
      }
    }
    return { a, b };
  } finally {
    matrix.dispose();
  }
}

/** W − s B A. @param weight [O, I] row-major, left as it is @returns [O, I] */
export function withoutFactors(
  weight: Float32Array,
  [outFeatures, inFeatures]: readonly [outFeatures: number, inFeatures: number],
  { a, b }: Factors,
  scale: number,
): Float32Array {
  const rank = a.length / inFeatures;
  return tf.tidy(() => {
    const update = product(tf.tensor2d(b, [outFeatures, rank]), tf.tensor2d(a, [rank, inFeatures]));
    const values = update.dataSync<"float32">();
    return weight.map((value, i) => value - scale * values[i]);
  });
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
