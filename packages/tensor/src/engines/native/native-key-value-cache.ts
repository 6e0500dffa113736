import type { LowRankUpdate, NativeKernels, StepCache } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type {
  CacheFormat,
  CacheShape,
  KeyValueCache,
  KeyValueCaches,
  StepLayer,
} from "../../key-value-cache.js";
import { keeping } from "../../kept.js";
import type { LinearTerms } from "../../linear-terms.js";
import type { RotaryAngles } from "../../rotary-angles.js";
import type { NativeDevice } from "./native-device.js";

const FIRST_CAPACITY = 64; // rows; doubles when full, so appending stays linear in the length
const ALIGNMENT = 64; // bytes: a cache line, and the widest vector

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
  readonly #width: number;
  readonly #queryWidth: number;
  /** By layer, then sequence. */
  #rows: Rows[][];
  #lengths: number[];

  constructor(
    device: NativeDevice,
    shape: CacheShape,
    sequences: number,
    readonly format: CacheFormat,
  ) {
    this.#device = device;
    this.#kernels = device.kernels;
    this.#shape = shape;
    this.#width = shape.keyValueHeadCount * shape.headSize;
    this.#queryWidth = shape.headCount * shape.headSize;
    this.#lengths = Array.from({ length: sequences }, () => 0);
    this.#rows = keeping((keep) =>
      Array.from({ length: shape.layerCount }, () =>
        this.#lengths.map(() => {
          const rows = this.#allocate(0);
          keep({ dispose: () => this.#kernels.free(rows.buffer) });
          return rows;
        }),
      ),
    );
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

  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D {
    const views = { q: this.#device.view(q), k: this.#device.view(k), v: this.#device.view(v) };
    return this.#device.tensor(q.shape, (out) => {
      const ofLayer = this.#lengths.map((length, s) =>
        this.#reserve(layer, s, length, length + segments[s + 1] - segments[s]),
      );
      const isFirst = this.#lengths.every((length) => length === 0);
      const isStep = segments.every((start, s) => start === s);
      if (isStep && !isFirst) this.#attendOnce(views.q, views.k, views.v, ofLayer, out);
      else if (isFirst) this.#firstPass(views, ofLayer, out, segments);
      else this.#anyPass(views, ofLayer, out, segments);
    }) as tf.Tensor3D;
  }

  step(x: tf.Tensor2D, layers: readonly StepLayer[], angles: RotaryAngles, epsilon: number): tf.Tensor2D {
    const kernels = this.#kernels;
    const { headCount, keyValueHeadCount, headSize } = this.#shape;
    const [rows, hiddenSize] = x.shape;
    const { cos, sin } = angles;
    const mlpSize = Math.max(...layers.map(({ gate }) => gate.weight.shape[0]));
    // Of the rooms below, in their order.
    const widths = [
      hiddenSize,
      this.#queryWidth,
      this.#width,
      this.#width,
      this.#queryWidth,
      mlpSize,
      mlpSize,
    ];
    const lengths = widths.map((width) => rows * width);
    const offsets = lengths.map(() => 0);
    const aligned = (length: number): number => Math.ceil((length * 4) / ALIGNMENT) * (ALIGNMENT / 4);
    const total = lengths.reduce((sum, length, i) => {
      offsets[i] = sum;
      return sum + aligned(length);
    }, 0);
    const work = this.#device.tensor([total], () => undefined);
    try {
      const memory = this.#device.view(work);
      const [normed, q, k, v, attended, gateRoom, upRoom] = offsets.map((offset, i) =>
        memory.subarray(offset, offset + lengths[i]),
      );
      return this.#device.tensor([rows, hiddenSize], (residual) => {
        residual.set(this.#device.view(x));
        const addTo = (input: Float32Array, terms: LinearTerms): void => {
          kernels.linear(input, terms.weight, terms.bias && this.#device.view(terms.bias), residual, {
            ...this.#device.products,
            accumulate: true,
            lowRank: this.#lowRank(input, terms, rows),
          });
        };
        const together = (
          input: Float32Array,
          outputs: readonly (readonly [LinearTerms, Float32Array])[],
        ) => {
          kernels.linearMany(
            input,
            outputs.map(([terms, y]) => ({
              weight: terms.weight,
              bias: terms.bias && this.#device.view(terms.bias),
              y,
              lowRank: this.#lowRank(input, terms, rows),
            })),
            this.#device.products,
          );
        };
        for (const [index, layer] of layers.entries()) {
          kernels.rmsNormForward(residual, this.#device.view(layer.inputNorm), normed, epsilon);
          together(normed, [
            [layer.query, q],
            [layer.key, k],
            [layer.value, v],
          ]);
          if (layer.queryNorm) kernels.rmsNormForward(q, this.#device.view(layer.queryNorm), q, epsilon);
          if (layer.keyNorm) kernels.rmsNormForward(k, this.#device.view(layer.keyNorm), k, epsilon);
          kernels.rotate(q, q, cos, sin, headCount, headSize, 1);
          kernels.rotate(k, k, cos, sin, keyValueHeadCount, headSize, 1);
          const caches = this.#lengths.map((length, s) => this.#reserve(index, s, length, length + 1));
          kernels.attentionStep(q, k, v, caches, attended, this.#shape);
          addTo(attended, layer.output);

          const mlpLength = rows * layer.gate.weight.shape[0];
          const [gate, up] = [gateRoom.subarray(0, mlpLength), upRoom.subarray(0, mlpLength)];
          kernels.rmsNormForward(residual, this.#device.view(layer.postAttentionNorm), normed, epsilon);
          together(normed, [
            [layer.gate, gate],
            [layer.up, up],
          ]);
          kernels.swigluForward(gate, up, gate);
          addTo(gate, layer.down);
        }
      }) as tf.Tensor2D;
    } finally {
      work.dispose();
    }
  }

  advance(segments: Int32Array): void {
    this.#lengths = this.#lengths.map((length, s) => length + segments[s + 1] - segments[s]);
  }

  dispose(): void {
    this.select([]);
  }

  /** The update of a linear for an input, its inner product computed. */
  #lowRank(input: Float32Array, { update }: LinearTerms, rows: number): LowRankUpdate | null {
    if (!update) return null;
    const [rank] = update.a.shape;
    const left = new Float32Array(rows * rank);
    this.#kernels.linear(input, this.#device.weight(update.a), null, left);
    return { left, right: this.#device.view(update.b), rank, scale: update.scale };
  }

  #attendOnce(
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    rows: readonly Rows[],
    out: Float32Array,
  ): void {
    this.#kernels.attentionStep(q, k, v, rows, out, this.#shape);
  }

  /** Sequences that hold nothing yet. */
  #firstPass(
    { q, k, v }: Readonly<Record<"q" | "k" | "v", Float32Array>>,
    ofLayer: readonly Rows[],
    out: Float32Array,
    segments: Int32Array,
  ): void {
    const { headCount, keyValueHeadCount, headSize, scale } = this.#shape;
    this.#kernels.attentionForward(q, k, v, out, null, {
      headCount,
      keyValueHeadCount,
      headSize,
      scale,
      querySegments: segments,
      keySegments: segments,
    });
    for (const [s, rows] of ofLayer.entries()) {
      const [start, end] = [segments[s] * this.#width, segments[s + 1] * this.#width];
      if (start === end) continue;
      this.#narrow(k.subarray(start, end), rows.keys, rows.keyScales);
      this.#narrow(v.subarray(start, end), rows.values, rows.valueScales);
    }
  }

  /** Several new rows a sequence, some after others: token by token where there are earlier ones. */
  #anyPass(
    { q, k, v }: Readonly<Record<"q" | "k" | "v", Float32Array>>,
    ofLayer: readonly Rows[],
    out: Float32Array,
    segments: Int32Array,
  ): void {
    const queriesOf = (x: Float32Array, start: number, end: number): Float32Array =>
      x.subarray(start * this.#queryWidth, end * this.#queryWidth);
    const keysOf = (x: Float32Array, start: number, end: number): Float32Array =>
      x.subarray(start * this.#width, end * this.#width);
    for (const [s, rows] of ofLayer.entries()) {
      const [start, end] = [segments[s], segments[s + 1]];
      if (rows.length === 0) {
        const own = { q: queriesOf(q, start, end), k: keysOf(k, start, end), v: keysOf(v, start, end) };
        this.#firstPass(own, [rows], queriesOf(out, start, end), Int32Array.of(0, end - start));
        continue;
      }
      for (let n = start; n < end; n++, rows.length++) {
        const [query, key, value] = [queriesOf(q, n, n + 1), keysOf(k, n, n + 1), keysOf(v, n, n + 1)];
        this.#attendOnce(query, key, value, [rows], queriesOf(out, n, n + 1));
      }
    }
  }

  /** Writes new rows to the start of a cache. */
  #narrow(values: Float32Array, codes: StepCache["keys"], scales: Float32Array | undefined): void {
    if (codes instanceof Float32Array) codes.set(values);
    else if (codes instanceof Uint16Array) this.#kernels.toBf16(values, codes.subarray(0, values.length));
    else {
      const heads = values.length / this.#shape.headSize;
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
    const after = this.#allocate(capacity);
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
  #allocate(capacity: number): Rows {
    const Codes = codeTypes[this.format];
    const count = capacity * this.#width;
    const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const codeBytes = aligned(count * Codes.BYTES_PER_ELEMENT);
    const scaleCount = this.format === "int8" ? capacity * this.#shape.keyValueHeadCount : 0;
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
    create: (shape, sequences, format) => new NativeKeyValueCache(device, shape, sequences, format),
  };
}
