import type * as tf from "@tensorflow/tfjs-core";

/** Numbers of a variable, in row-major order. */
export interface Piece {
  readonly variable: tf.Variable;
  /** First number. */
  readonly start: number;
  /** The number after the last. */
  readonly end: number;
}

/** Numbers that travel at once: 8 MiB of them, for which a network takes much longer than for a call with nothing. */
export const BUCKET_VALUES = 2 ** 21;

/** All numbers of variables. */
export const wholePieces = (variables: readonly tf.Variable[]): Piece[] =>
  variables.map((variable) => ({ variable, start: 0, end: variable.size }));

/** How many numbers some pieces have. */
export const sizeOfPieces = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { start, end }) => sum + end - start, 0);

/** Parts a list into buckets of so many numbers, of which the last may have less; a piece that goes beyond one is cut. */
export function bucketsOf<Each extends Piece>(pieces: readonly Each[], limit = BUCKET_VALUES): Each[][] {
  const buckets: Each[][] = [];
  let room = 0;
  for (const piece of pieces) {
    for (let start = piece.start; start < piece.end;) {
      if (room === 0) {
        buckets.push([]);
        room = limit;
      }
      const end = Math.min(piece.end, start + room);
      buckets[buckets.length - 1].push({ ...piece, start, end });
      room -= end - start;
      start = end;
    }
  }
  return buckets;
}
