import { hostKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs";
import type { ModelConfig } from "../config/model-config.js";
import { attentionHeads } from "../decoder/attention-heads.js";

interface Rows {
  keys: Float32Array;
  values: Float32Array;
}

const FIRST_CAPACITY = 64; // rows; doubles when full, so appending stays linear in the length

/**
 * Keys and values of the tokens seen so far, a sequence and layer, on the host. Rows of several sequences are decoded
 * together without padding.
 */
export class KeyValueCache {
  readonly #config: ModelConfig;
  readonly #width: number;
  /** By sequence, then layer. */
  #rows: Rows[][];
  #lengths: number[];

  constructor(config: ModelConfig, sequences: number) {
    this.#config = config;
    this.#width = config.keyValueHeadCount * config.headSize;
    this.#rows = Array.from({ length: sequences }, () =>
      Array.from({ length: config.layerCount }, () => ({
        keys: new Float32Array(FIRST_CAPACITY * this.#width),
        values: new Float32Array(FIRST_CAPACITY * this.#width),
      })),
    );
    this.#lengths = Array.from({ length: sequences }, () => 0);
  }

  /** Tokens held a sequence, without those of the pass under way. */
  get lengths(): Int32Array {
    return Int32Array.from(this.#lengths);
  }

  /** Keeps only the given sequences, in the given order. */
  select(sequences: readonly number[]): void {
    this.#rows = sequences.map((s) => this.#rows[s]);
    this.#lengths = sequences.map((s) => this.#lengths[s]);
  }

  /**
   * Appends the new rows of a layer and lets their queries see all rows of their sequence.
   *
   * @param q [N, H, d]   @param k [N, G, d]   @param v [N, G, d]   @param segments offsets of the sequences' new rows
   * @returns [N, H, d], owned by the caller
   */
  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D {
    const heads = attentionHeads(this.#config);
    const [queries, newKeys, newValues] = [q, k, v].map((x) => x.dataSync() as Float32Array);
    const out = new Float32Array(queries.length);
    const { attentionForward } = hostKernels();
    const qWidth = heads.headCount * heads.headSize;
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
          ...heads,
          querySegments: Int32Array.of(0, end - start),
          keySegments: Int32Array.of(0, total),
        },
      );
    });
    return tf.tensor3d(out, q.shape);
  }

  /** Counts the rows of a finished pass as held. */
  advance(segments: Int32Array): void {
    this.#lengths = this.#lengths.map((length, s) => length + segments[s + 1] - segments[s]);
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
