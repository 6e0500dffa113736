import type { AdafactorStep, AdafactorTensor } from "./native-kernels.js";

/** Added to squared gradients. */
const EPSILON = 1e-30;

/**
 * One step of Adafactor (Shazeer & Stern, arXiv:1804.04235) without a first moment and with a rate from outside:
 *
 *   R ← β R + (1 − β) mean_cols(g² + ε);  C ← β C + (1 − β) mean_rows(g² + ε)
 *   u = g / √(R C / mean(R));  θ ← θ (1 − ηλ) − η u / max(1, rms(u))
 *
 * with the squares of a vector kept as they are. Parameters and moments are written in place.
 */
export function adafactor(tensors: readonly AdafactorTensor[], config: AdafactorStep): void {
  const { learningRate, weightDecay, kept, gradientScale = 1 } = config;
  const renew = (moments: Float32Array, i: number, square: number): void => {
    moments[i] = moments[i] * kept + (square + EPSILON) * (1 - kept);
  };
  for (const { parameter, gradient, matrices, rowMoments, columnMoments } of tensors) {
    const update = Float32Array.from(gradient, (g) => g * gradientScale);
    if (rowMoments === null) {
      for (let i = 0; i < update.length; i++) {
        renew(columnMoments, i, update[i] ** 2);
        update[i] /= Math.sqrt(columnMoments[i]);
      }
    } else {
      const [rows, columns] = [rowMoments.length / matrices, columnMoments.length / matrices];
      for (let matrix = 0; matrix < matrices; matrix++) {
        const sums = { rows: new Float64Array(rows), columns: new Float64Array(columns) };
        const at = (r: number, c: number): number => (matrix * rows + r) * columns + c;
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c++) {
            const square = update[at(r, c)] ** 2;
            sums.rows[r] += square;
            sums.columns[c] += square;
          }
        }
        sums.rows.forEach((sum, r) => renew(rowMoments, matrix * rows + r, sum / columns));
        sums.columns.forEach((sum, c) => renew(columnMoments, matrix * columns + c, sum / rows));
        const moments = rowMoments.subarray(matrix * rows, (matrix + 1) * rows);
        const mean = moments.reduce((sum, moment) => sum + moment, 0) / rows;
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c++) {
            update[at(r, c)] /= Math.sqrt((moments[r] / mean) * columnMoments[matrix * columns + c]);
          }
        }
      }
    }
    const size = Math.sqrt(update.reduce((sum, value) => sum + value * value, 0) / update.length);
    const rate = learningRate / Math.max(1, size);
    for (let i = 0; i < parameter.length; i++) {
      parameter[i] = parameter[i] * (1 - learningRate * weightDecay) - rate * update[i];
    }
  }
}
