import { hostKernels } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type {
  CacheFormat,
  CacheShape,
  KeyValueCache,
  KeyValueCaches,
  LayerCacheShape,
} from "./key-value-cache.js";

/** One layer's rows of one sequence; values that are keys are the same array. */
interface Rows {
  readonly keys: Float32Array;
  readonly values: Float32Array;
  /** Rows there is room for. */
  readonly capacity: number;
}

const FIRST_CAPACITY = 64; // rows; doubles when full, so appending stays linear in the length

/** Numbers a row. */
const widthsOf = ({ headCount, keyValueHeadCount, keySize, valueSize }: LayerCacheShape) => ({
  query: headCount * keySize,
  key: keyValueHeadCount * keySize,
  value: keyValueHeadCount * valueSize,
  output: headCount * valueSize,
});

/** Keys and values in float32 on the host, for engines without caches of their own, and for rows of any sizes. */
class HostKeyValueCache implements KeyValueCache {
  readonly format: CacheFormat = "fp32";
  readonly #layers: readonly LayerCacheShape[];
  /** By sequence, then layer. */
  #rows: Rows[][] = [];
  #lengths: number[] = [];

  constructor({ layers }: CacheShape, sequences: number) {
    this.#layers = layers;
    this.add(sequences);
  }

  get byteLength(): number {
    return this.#rows.flat().reduce((sum, { keys, values }) => {
      return sum + keys.byteLength + (values === keys ? 0 : values.byteLength);
    }, 0);
  }

  get lengths(): Int32Array {
    return Int32Array.from(this.#lengths);
  }

  select(sequences: readonly number[]): void {
    this.#rows = sequences.map((s) => this.#rows[s]);
    this.#lengths = sequences.map((s) => this.#lengths[s]);
  }

  add(sequences: number): void {
    for (let added = 0; added < sequences; added++) {
      this.#rows.push(this.#layers.map((layer) => allocate(layer, FIRST_CAPACITY)));
      this.#lengths.push(0);
    }
  }

  extract(sequence: number, length: number): KeyValueCache {
    const copy = new HostKeyValueCache({ layers: this.#layers }, 1);
    this.#layers.forEach((layer, index) => {
      const { keys, values } = this.#rows[sequence][index];
      const widths = widthsOf(layer);
      const rows = copy.#reserve(0, index, length);
      rows.keys.set(keys.subarray(0, length * widths.key));
      if (rows.values !== rows.keys) rows.values.set(values.subarray(0, length * widths.value));
    });
    copy.#lengths[0] = length;
    return copy;
  }

  join(other: KeyValueCache): void {
    if (!(other instanceof HostKeyValueCache)) throw new RangeError("expected a cache of the same kind");
    this.#rows = [...this.#rows, ...other.#rows];
    this.#lengths = [...this.#lengths, ...other.#lengths];
    other.dispose();
  }

  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D {
    const shape = this.#layers[layer];
    const widths = widthsOf(shape);
    const { attentionForward } = hostKernels();
    const [queries, newKeys] = [q, k].map((x) => x.dataSync() as Float32Array);
    const newValues = shape.valuesAreKeys ? newKeys : (v.dataSync() as Float32Array);
    const out = new Float32Array(q.shape[0] * widths.output);
    this.#lengths.forEach((length, s) => {
      const [start, end] = [segments[s], segments[s + 1]];
      const total = length + end - start;
      const { keys, values } = this.#reserve(s, layer, total);
      keys.set(newKeys.subarray(start * widths.key, end * widths.key), length * widths.key);
      if (values !== keys) {
        values.set(newValues.subarray(start * widths.value, end * widths.value), length * widths.value);
      }
      attentionForward(
        queries.subarray(start * widths.query, end * widths.query),
        keys,
        values,
        out.subarray(start * widths.output, end * widths.output),
        {
          querySegments: Int32Array.of(0, end - start),
          keySegments: Int32Array.of(0, total),
          ...shape,
        },
      );
    });
    return tf.tensor3d(out, [q.shape[0], shape.headCount, shape.valueSize]);
  }

  advance(segments: Int32Array): void {
    this.#lengths = this.#lengths.map((length, s) => length + segments[s + 1] - segments[s]);
  }

  dispose(): void {
    this.select([]);
  }

  #reserve(sequence: number, layer: number, rows: number): Rows {
    const held = this.#rows[sequence][layer];
    let { capacity } = held;
    if (rows <= capacity) return held;
    while (capacity < rows) capacity *= 2;
    const grown = allocate(this.#layers[layer], capacity);
    grown.keys.set(held.keys);
    if (grown.values !== grown.keys) grown.values.set(held.values);
    return (this.#rows[sequence][layer] = grown);
  }
}

function allocate(shape: LayerCacheShape, capacity: number): Rows {
  const widths = widthsOf(shape);
  const keys = new Float32Array(capacity * widths.key);
  const values = shape.valuesAreKeys ? keys : new Float32Array(capacity * widths.value);
  return { keys, values, capacity };
}

/** Caches on the host, which every engine has. */
export const hostCaches: KeyValueCaches = {
  formats: ["fp32"],
  create: (shape, sequences) => new HostKeyValueCache(shape, sequences),
};
