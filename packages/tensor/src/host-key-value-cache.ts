import { hostKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { CacheFormat, CacheShape, KeyValueCache } from "./key-value-cache.js";

interface Rows {
  keys: Float32Array;
  values: Float32Array;
}

const FIRST_CAPACITY = 64; // rows; doubles when full, so appending stays linear in the length

/** Keys and values in float32 on the host, for engines without caches of their own. */
export class HostKeyValueCache implements KeyValueCache {
  readonly format: CacheFormat = "fp32";
  readonly #shape: CacheShape;
  readonly #width: number;
  /** By sequence, then layer. */
  #rows: Rows[][];
  #lengths: number[];

  constructor(shape: CacheShape, sequences: number) {
    this.#shape = shape;
    this.#width = shape.keyValueHeadCount * shape.headSize;
    this.#rows = Array.from({ length: sequences }, () =>
      Array.from({ length: shape.layerCount }, () => ({
        keys: new Float32Array(FIRST_CAPACITY * this.#width),
        values: new Float32Array(FIRST_CAPACITY * this.#width),
      })),
    );
    this.#lengths = Array.from({ length: sequences }, () => 0);
  }

  get byteLength(): number {
    return this.#rows.flat().reduce((sum, { keys, values }) => sum + keys.byteLength + values.byteLength, 0);
  }

  get lengths(): Int32Array {
    return Int32Array.from(this.#lengths);
  }

  select(sequences: readonly number[]): void {
    this.#rows = sequences.map((s) => this.#rows[s]);
    this.#lengths = sequences.map((s) => this.#lengths[s]);
  }

  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D {
    const { headCount, keyValueHeadCount, headSize, scale } = this.#shape;
    const [queries, newKeys, newValues] = [q, k, v].map((x) => x.dataSync() as Float32Array);
    const out = new Float32Array(queries.length);
    const { attentionForward } = hostKernels();
    const qWidth = headCount * headSize;
    this.#lengths.forEach((length, s) => {
      const [start, end] = [segments[s], segments[s + 1]];
      const total = length + end - start;
      const rows = this.#reserve(s, layer, total);
      rows.keys.set(newKeys.subarray(start * this.#width, end * this.#width), length * this.#width);
      rows.values.set(newValues.subarray(start * this.#width, end * this.#width), length * this.#width);
      attentionForward(
        queries.subarray(start * qWidth, end * qWidth),
        rows.keys,
        rows.values,
        out.subarray(start * qWidth, end * qWidth),
        {
          headCount,
          keyValueHeadCount,
          headSize,
          scale,
          querySegments: Int32Array.of(0, end - start),
          keySegments: Int32Array.of(0, total),
        },
      );
    });
    return tf.tensor3d(out, q.shape);
  }

  advance(segments: Int32Array): void {
    this.#lengths = this.#lengths.map((length, s) => length + segments[s + 1] - segments[s]);
  }

  dispose(): void {
    this.select([]);
  }

  #reserve(sequence: number, layer: number, rows: number): Rows {
    const held = this.#rows[sequence][layer];
    let capacity = held.keys.length / this.#width;
    if (rows <= capacity) return held;
    while (capacity < rows) capacity *= 2;
    const grown = (before: Float32Array): Float32Array => {
      const after = new Float32Array(capacity * this.#width);
      after.set(before);
      return after;
    };
    return (this.#rows[sequence][layer] = { keys: grown(held.keys), values: grown(held.values) });
  }
}
