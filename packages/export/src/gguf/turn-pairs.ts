/**
 * Rows of heads from halves to pairs: row s · d/2 + j of a head of d rows becomes row 2 j + s, as llama.cpp turns neighbours where
 * Transformers turns the two halves.
 * @param rows [heads · d, columns] row-major
 * @param headSize d
 */
export function halvesToPairs(rows: Float32Array, headSize: number, columns: number): Float32Array {
  return moved(rows, headSize, columns, (half, j) => [half * (headSize / 2) + j, 2 * j + half]);
}

/** The inverse of {@link halvesToPairs}. */
export function pairsToHalves(rows: Float32Array, headSize: number, columns: number): Float32Array {
  return moved(rows, headSize, columns, (half, j) => [2 * j + half, half * (headSize / 2) + j]);
}

function moved(
  rows: Float32Array,
  headSize: number,
  columns: number,
  places: (half: number, j: number) => readonly [from: number, to: number],
): Float32Array {
  const turned = new Float32Array(rows.length);
  const headValues = headSize * columns;
  for (let head = 0; head < rows.length; head += headValues) {
    for (let j = 0; j < headSize / 2; j++) {
      for (let half = 0; half < 2; half++) {
        const [from, to] = places(half, j);
        const start = head + from * columns;
        turned.set(rows.subarray(start, start + columns), head + to * columns);
      }
    }
  }
  return turned;
}
