import type { NativeKernels, StepCache, StepShape } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { CacheFormat, CacheShape, KeyValueCache, KeyValueCaches } from "../../key-value-cache.js";
import { keeping } from "../../kept.js";
import type { LayerStep } from "../../layer-step.js";
import type { RotaryAngles } from "../../rotary-angles.js";
import type { NativeDevice } from "./native-device.js";
import { nativeStepContext } from "./native-step-context.js";
import { StepRoom } from "./step-room.js";

/** Rows of a new cache. Room doubles when it is full, so that appending stays linear in the length. */
const FIRST_CAPACITY = 64;
/** Bytes: parts of a block begin where a cache line does and the widest vector. */
const ALIGNMENT = 64;

const codeTypes = { fp32: Float32Array, bf16: Uint16Array, int8: Int8Array } as const;

/** One layer's rows of one sequence, in a block of native memory of their own. */
interface Rows extends StepCache {
  readonly buffer: ArrayBuffer;
  readonly capacity: number;
  length: number;
}

/**
 * Keys and values in native memory. A step of one token a sequence is one call of a kernel for all of them, from tensors into a
 * tensor. Rows of a first pass attend to each other as they are, before they are rounded.
 */
class NativeKeyValueCache implements KeyValueCache {
  readonly #device: NativeDevice;
  readonly #kernels: NativeKernels;
  readonly #shape: CacheShape;
  /** Heads of each layer. */
  readonly #layers: readonly StepShape[];
  /** Numbers that a layer's step takes to work in, as far as is known. */
  #stepRoom = 0;
  /** By layer, then sequence. */
  #rows: Rows[][];
  #lengths: number[] = [];

  constructor(
    device: NativeDevice,
    shape: CacheShape,
    sequences: number,
    readonly format: CacheFormat,
  ) {
    this.#device = device;
    this.#kernels = device.kernels;
    this.#shape = shape;
    this.#layers = shape.layers.map(({ headCount, keyValueHeadCount, keySize, scale }) => {
      return { headCount, keyValueHeadCount, headSize: keySize, scale };
    });
    this.#rows = this.#layers.map(() => []);
    this.add(sequences);
  }

  get byteLength(): number {
    return this.#rows.flat().reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }

  get lengths(): Int32Array {
    return Int32Array.from(this.#lengths);
  }

  select(sequences: readonly number[]): void {
    const staying = new Set(sequences);
    this.#rows = this.#rows.map((ofLayer) => {
      for (const [s, { buffer }] of ofLayer.entries()) if (!staying.has(s)) this.#kernels.free(buffer);
      return sequences.map((s) => ofLayer[s]);
    });
    this.#lengths = sequences.map((s) => this.#lengths[s]);
  }

  add(sequences: number): void {
    const added = Array.from({ length: sequences }, () => 0);
    const rows = keeping((keep) =>
      this.#layers.map((layer) =>
        added.map(() => {
          const fresh = this.#allocate(layer, 0);
          keep({ dispose: () => this.#kernels.free(fresh.buffer) });
          return fresh;
        }),
      ),
    );
    this.#rows = this.#rows.map((ofLayer, layer) => [...ofLayer, ...rows[layer]]);
    this.#lengths = [...this.#lengths, ...added];
  }

  extract(sequence: number, length: number): KeyValueCache {
    const copy = new NativeKeyValueCache(this.#device, this.#shape, 1, this.format);
    try {
      for (const [layer, { keyValueHeadCount, headSize }] of this.#layers.entries()) {
        const from = this.#rows[layer][sequence];
        const to = copy.#reserve(layer, 0, length, length);
        const count = length * keyValueHeadCount * headSize;
        to.keys.set(from.keys.subarray(0, count));
        to.values.set(from.values.subarray(0, count));
        const scales = length * keyValueHeadCount;
        if (from.keyScales) to.keyScales?.set(from.keyScales.subarray(0, scales));
        if (from.valueScales) to.valueScales?.set(from.valueScales.subarray(0, scales));
      }
    } catch (error) {
      copy.dispose();
      throw error;
    }
    copy.#lengths[0] = length;
    return copy;
  }

  join(other: KeyValueCache): void {
    if (!(other instanceof NativeKeyValueCache) || other.format !== this.format) {
      throw new RangeError("expected a cache of the same kind");
    }
    this.#rows = this.#rows.map((ofLayer, layer) => [...ofLayer, ...other.#rows[layer]]);
    this.#lengths = [...this.#lengths, ...other.#lengths];
    // The blocks are this cache's now: the other is to forget them, not to free them.
    other.#rows = other.#rows.map(() => []);
    other.#lengths = [];
  }

  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D {
    const views = { q: this.#device.view(q), k: this.#device.view(k), v: this.#device.view(v) };
    return this.#device.tensor(q.shape, (out) => {
      const ofLayer = this.#lengths.map((length, s) =>
        this.#reserve(layer, s, length, length + segments[s + 1] - segments[s]),
      );
      const isFirst = this.#lengths.every((length) => length === 0);
      const isStep = segments.every((start, s) => start === s);
      const heads = this.#layers[layer];
      if (isStep && !isFirst) this.#kernels.attentionStep(views.q, views.k, views.v, ofLayer, out, heads);
      else if (isFirst) this.#firstPass(heads, views, ofLayer, out, segments);
      else this.#anyPass(heads, views, ofLayer, out, segments);
    }) as tf.Tensor3D;
  }

  step(x: tf.Tensor2D, layers: readonly LayerStep[], angles: RotaryAngles): tf.Tensor2D {
    const room = new StepRoom(this.#device, this.#stepRoom);
    try {
      return this.#device.tensor(x.shape, (residual) => {
        residual.set(this.#device.view(x));
        for (const [index, layer] of layers.entries()) {
          room.clear();
          layer(
            nativeStepContext(this.#device, room, residual, angles, {
              rows: x.shape[0],
              attend: (q, k, v, out) => {
                const caches = this.#lengths.map((length, s) => this.#reserve(index, s, length, length + 1));
                this.#kernels.attentionStep(q, k, v, caches, out, this.#layers[index]);
              },
            }),
          );
        }
      }) as tf.Tensor2D;
    } finally {
      this.#stepRoom = room.most;
      room.dispose();
    }
  }

  advance(segments: Int32Array): void {
    this.#lengths = this.#lengths.map((length, s) => length + segments[s + 1] - segments[s]);
  }

  dispose(): void {
    this.select([]);
  }

  /** Sequences that hold nothing yet. */
  #firstPass(
    heads: StepShape,
    { q, k, v }: Readonly<Record<"q" | "k" | "v", Float32Array>>,
    ofLayer: readonly Rows[],
    out: Float32Array,
    segments: Int32Array,
  ): void {
    this.#kernels.attentionForward(q, k, v, out, null, {
      querySegments: segments,
      keySegments: segments,
      ...heads,
    });
    const width = heads.keyValueHeadCount * heads.headSize;
    for (const [s, rows] of ofLayer.entries()) {
      const [start, end] = [segments[s] * width, segments[s + 1] * width];
      if (start === end) continue;
      this.#narrow(k.subarray(start, end), rows.keys, rows.keyScales, heads.headSize);
      this.#narrow(v.subarray(start, end), rows.values, rows.valueScales, heads.headSize);
    }
  }

  /** Several new rows a sequence, some after others: token by token where there are earlier ones. */
  #anyPass(
    heads: StepShape,
    { q, k, v }: Readonly<Record<"q" | "k" | "v", Float32Array>>,
    ofLayer: readonly Rows[],
    out: Float32Array,
    segments: Int32Array,
  ): void {
    const queryWidth = heads.headCount * heads.headSize;
    const width = heads.keyValueHeadCount * heads.headSize;
    const queriesOf = (x: Float32Array, start: number, end: number): Float32Array =>
      x.subarray(start * queryWidth, end * queryWidth);
    const keysOf = (x: Float32Array, start: number, end: number): Float32Array =>
      x.subarray(start * width, end * width);
    for (const [s, rows] of ofLayer.entries()) {
      const [start, end] = [segments[s], segments[s + 1]];
      if (rows.length === 0) {
        const own = { q: queriesOf(q, start, end), k: keysOf(k, start, end), v: keysOf(v, start, end) };
        this.#firstPass(heads, own, [rows], queriesOf(out, start, end), Int32Array.of(0, end - start));
        continue;
      }
      for (let n = start; n < end; n++, rows.length++) {
        const [query, key, value] = [queriesOf(q, n, n + 1), keysOf(k, n, n + 1), keysOf(v, n, n + 1)];
        this.#kernels.attentionStep(query, key, value, [rows], queriesOf(out, n, n + 1), heads);
      }
    }
  }

  /** Writes new rows to the start of a cache. */
  #narrow(
    values: Float32Array,
    codes: StepCache["keys"],
    scales: Float32Array | undefined,
    headSize: number,
  ): void {
    if (codes instanceof Float32Array) codes.set(values);
    else if (codes instanceof Uint16Array) this.#kernels.toBf16(values, codes.subarray(0, values.length));
    else {
      const heads = values.length / headSize;
      this.#kernels.toInt8Rows(
        values,
        codes.subarray(0, values.length),
        (scales as Float32Array).subarray(0, heads),
      );
    }
  }

  /** The rows of a layer and sequence, `held` of them, with room for `wanted`. */
  #reserve(layer: number, sequence: number, held: number, wanted: number): Rows {
    const before = this.#rows[layer][sequence];
    before.length = held;
    if (wanted <= before.capacity) return before;
    let capacity = Math.max(FIRST_CAPACITY, before.capacity);
    while (capacity < wanted) capacity *= 2;
    const after = this.#allocate(this.#layers[layer], capacity);
    after.length = held;
    after.keys.set(before.keys);
    after.values.set(before.values);
    if (before.keyScales) after.keyScales?.set(before.keyScales);
    if (before.valueScales) after.valueScales?.set(before.valueScales);
    this.#rows[layer][sequence] = after;
    this.#kernels.free(before.buffer);
    return after;
  }

  /** Keys, values and, for int8, their scales, one after the other. */
  #allocate({ keyValueHeadCount, headSize }: StepShape, capacity: number): Rows {
    const Codes = codeTypes[this.format];
    const count = capacity * keyValueHeadCount * headSize;
    const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const codeBytes = aligned(count * Codes.BYTES_PER_ELEMENT);
    const scaleCount = this.format === "int8" ? capacity * keyValueHeadCount : 0;
    const scaleBytes = aligned(scaleCount * Float32Array.BYTES_PER_ELEMENT);
    const buffer = this.#kernels.allocate(2 * (codeBytes + scaleBytes));
    const scales = (offset: number): Float32Array | undefined =>
      this.format === "int8" ? new Float32Array(buffer, offset, scaleCount) : undefined;
    return {
      buffer,
      capacity,
      length: 0,
      keys: new Codes(buffer, 0, count),
      values: new Codes(buffer, codeBytes, count),
      keyScales: scales(2 * codeBytes),
      valueScales: scales(2 * codeBytes + scaleBytes),
    };
  }
}

/** Caches in native memory. The default keeps rows as precisely as the engine computes. */
export function nativeCaches(device: NativeDevice): KeyValueCaches {
  return {
    formats: device.isExact ? ["fp32", "bf16", "int8"] : ["bf16", "fp32", "int8"],
    // The kernels know one head size, and keep keys and values apart: other rows go to the cache on the host.
    takes: ({ layers }) =>
      layers.every(({ keySize, valueSize, valuesAreKeys }) => keySize === valueSize && !valuesAreKeys),
    create: (shape, sequences, format) => new NativeKeyValueCache(device, shape, sequences, format),
  };
}
