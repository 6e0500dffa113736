import { describe, expect, it } from "vitest";
import type { NativeKernels } from "./native-kernels.js";
import { momentCodes } from "./packed-moment.js";
import { nativeLevels, nativeMissing } from "./testing.js";

const missing = nativeMissing();
const kernels = nativeLevels()[0] as unknown as Record<
  keyof NativeKernels,
  (...values: unknown[]) => unknown
>;

const floats = (length: number): Float32Array => new Float32Array(length);
const ints = (...values: number[]): Int32Array => Int32Array.from(values);
const weight = { format: "fp32", shape: [2, 3], codes: floats(6), scales: null };
const int8 = { format: "int8", shape: [2, 3], codes: new Int8Array(6), scales: floats(2) };
const nf4 = { format: "nf4", shape: [2, 3], codes: new Uint8Array(4), scales: floats(2) };
const nested = { codes: new Uint8Array(2), scales: floats(1), map: floats(256), offset: 0 };
const lowRank = { left: floats(2), right: floats(4), rank: 2, scale: 1 };
const attention = {
  headCount: 2,
  keyValueHeadCount: 1,
  headSize: 2,
  scale: 1,
  querySegments: ints(0, 1),
  keySegments: ints(0, 2),
};
const decode = { headCount: 2, keyValueHeadCount: 1, headSize: 2, scale: 1, length: 1 };
const adam = { learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0, step: 1 };
const tensor = { parameter: floats(1), gradient: floats(1), first: floats(1), second: floats(1) };
const factor = { learningRate: 1, weightDecay: 0, kept: 0 };
const factored = {
  parameter: floats(6),
  gradient: floats(6),
  matrices: 1,
  rowMoments: floats(2),
  columnMoments: floats(3),
};

function detached(): Float32Array {
  const array = floats(3);
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}
const shared = floats(12);
const sharedHalves = new Uint16Array(3);
const overKept = new Uint16Array(8);
const halves = (length: number): Uint16Array => new Uint16Array(length);
const bytes = (length: number): Uint8Array => new Uint8Array(length);
const packed = {
  parameter: floats(1),
  gradient: floats(1),
  first: { codes: bytes(1), scales: floats(1) },
  second: { codes: bytes(1), scales: floats(1) },
};
const gate = { weight, bias: null };
const stepCache = (rows: number, length: number): object => ({
  keys: floats(2 * rows),
  values: floats(2 * rows),
  length,
});

/** Kernel, arguments, what the message says after the kernel's name. */
const cases: [keyof NativeKernels, unknown[], RegExp][] = [
  ["linear", [], /expected x to be a Float32Array, got undefined/],
  [
    "linear",
    [new Float64Array(3), weight, null, floats(2)],
    /expected x to be a Float32Array, got a Float64Array/,
  ],
  ["linear", [[1, 2, 3], weight, null, floats(2)], /expected x to be a Float32Array, got an array/],
  [
    "linear",
    [detached(), weight, null, floats(2)],
    /expected x to hold memory, got one whose buffer is detached/,
  ],
  ["linear", [floats(4), weight, null, floats(2)], /expected x \[N, I\] in whole rows of 3 elements, got 4/],
  ["linear", [floats(3), null, null, floats(2)], /expected weight to be an object, got null/],
  ["linear", [floats(3), weight, floats(3), floats(2)], /expected bias \[O\] of 2 elements, got 3/],
  ["linear", [floats(3), weight, null, floats(3)], /expected y \[N, O\] of 2 elements, got 3/],
  [
    "linear",
    [floats(3), { ...weight, format: "q3" }, null, floats(2)],
    /format of weight to be fp32, .* got "q3"/,
  ],
  [
    "linear",
    [floats(3), { ...weight, format: 3 }, null, floats(2)],
    /format of weight to be a string, got 3/,
  ],
  ["linear", [floats(3), { ...weight, shape: [6] }, null, floats(2)], /shape of weight to be \[O, I\]/],
  [
    "linear",
    [floats(3), { ...weight, shape: [-2, -3] }, null, floats(2)],
    /whole number from 1 to 2147483647, got -2/,
  ],
  [
    "linear",
    [floats(3), { ...weight, codes: floats(5) }, null, floats(2)],
    /codes of a weight \[2, 3\] of 6 elements, got 5/,
  ],
  [
    "linear",
    [floats(3), { ...weight, scales: floats(2) }, null, floats(2)],
    /no scales with the format fp32/,
  ],
  [
    "linear",
    [floats(3), { ...int8, scales: null }, null, floats(2)],
    /expected scales of a weight to be a Float32Array, got null/,
  ],
  [
    "linear",
    [floats(3), { ...int8, scales: Float32Array.of(1, NaN) }, null, floats(2)],
    /finite scales of a weight, got nan at 1/,
  ],
  [
    "linear",
    [floats(3), { ...int8, codes: new Uint8Array(6) }, null, floats(2)],
    /to be a Int8Array, got a Uint8Array/,
  ],
  ["linear", [floats(3), weight, null, floats(2), { alpha: NaN }], /expected alpha to be finite, got nan/],
  ["linear", [floats(3), weight, null, floats(2), { alpha: 1e300 }], /expected alpha to fit a float32/],
  [
    "linear",
    [floats(3), weight, null, floats(2), { accumulate: 1 }],
    /expected accumulate to be a boolean, got 1/,
  ],
  [
    "linear",
    [floats(3), weight, null, floats(2), { precision: "tf32" }],
    /precision fp32, bf16 or int8, got "tf32"/,
  ],
  ["linear", [shared.subarray(0, 3), weight, null, shared.subarray(2, 4)], /expected y not to overlap x/],
  [
    "linear",
    [floats(3), { ...nf4, scales: null }, null, floats(2)],
    /scales of a weight in nf4 or their nested form, got neither/,
  ],
  [
    "linear",
    [floats(3), { ...nf4, scales: floats(3) }, null, floats(2)],
    /scales of a weight .* of 2 elements, got 3/,
  ],
  [
    "linear",
    [floats(3), { ...nf4, codes: new Uint8Array(3) }, null, floats(2)],
    /codes of a weight \[2, 2\] of 4 elements/,
  ],
  [
    "linear",
    [floats(3), { ...nf4, scales: null, nested: { ...nested, map: floats(16) } }, null, floats(2)],
    /map of the nested scales one for each code of 256 elements, got 16/,
  ],
  [
    "linear",
    [floats(3), { ...nf4, scales: null, nested: { ...nested, offset: NaN } }, null, floats(2)],
    /the offset of the nested scales to be finite, got nan/,
  ],
  [
    "linear",
    [floats(3), weight, null, floats(2), { outlierRatio: 0 }],
    /expected outlierRatio above 0, got 0/,
  ],
  [
    "linear",
    [floats(3), weight, null, floats(2), { lowRank: { ...lowRank, rank: 0 } }],
    /rank of lowRank .* got 0/,
  ],
  [
    "linear",
    [floats(3), weight, null, floats(2), { lowRank: { ...lowRank, left: floats(3) } }],
    /left of lowRank \[N, rank\] of 2 elements, got 3/,
  ],
  [
    "linear",
    [floats(3), weight, null, floats(2), { lowRank: { ...lowRank, right: floats(6) } }],
    /right of lowRank \[O, rank\] of 4 elements, got 6/,
  ],
  [
    "linearInputGradient",
    [floats(2), weight, floats(3), { lowRank }],
    /right of lowRank \[rank, I\] of 6 elements, got 4/,
  ],
  ["linearMany", [floats(3), {}], /expected outputs to be an array, got an object/],
  [
    "linearMany",
    [
      floats(12),
      [
        { weight, bias: null, y: floats(8) },
        { weight: { ...weight, shape: [3, 2] }, bias: null, y: floats(18) },
      ],
    ],
    /expected weights with 3 inputs, got one with 2/,
  ],
  [
    "linearMany",
    [
      floats(3),
      [
        { weight, bias: null, y: shared.subarray(0, 2) },
        { weight, bias: null, y: shared.subarray(1, 3) },
      ],
    ],
    /expected y not to overlap y/,
  ],
  ["scaleRows", [floats(5), floats(2), floats(5)], /x \[N, width\] in 2 rows, got 5 elements/],
  ["sumRows", [floats(5), floats(2)], /x \[N, width\] in whole rows of 2 elements, got 5/],
  ["toBf16", [floats(5), new Uint16Array(4)], /expected codes like x of 5 elements, got 4/],
  ["fromBf16", [new Int16Array(5), floats(5)], /expected codes to be a Uint16Array, got an Int16Array/],
  ["toInt8Weights", [weight, new Int8Array(5), floats(2)], /expected codes \[O, I\] of 6 elements, got 5/],
  ["toInt8Weights", [weight, new Int8Array(6), floats(3)], /expected scales \[O\] of 2 elements, got 3/],
  [
    "toInt8Weights",
    [
      { format: "int8", shape: [1, 2], codes: new Int8Array(2), scales: floats(1) },
      new Int8Array(2),
      floats(1),
    ],
    /expected a source in fp32, bf16 or fp16, got one that is packed/,
  ],
  [
    "fromFp8Blocks",
    [new Uint8Array(5), 2, 0, floats(1), new Uint16Array(5)],
    /expected codes in whole rows of 2 elements, got 5/,
  ],
  [
    "fromFp8Blocks",
    [new Uint8Array(6), 2, 0, floats(1), new Uint16Array(5)],
    /expected out like codes of 6 elements, got 5/,
  ],
  [
    "fromFp8Blocks",
    [new Uint8Array(6), 2, 126, floats(1), new Uint16Array(6)],
    /expected at least 2 scales, one a block of 128 rows and columns, got 1/,
  ],
  ["toInt8Rows", [floats(5), new Int8Array(5), floats(3)], /x \[N, width\] in 3 rows, got 5 elements/],
  [
    "attentionDecode",
    [floats(4), new Int8Array(4), new Int8Array(4), floats(4), decode],
    /expected keyScales to be a Float32Array, got undefined/,
  ],
  [
    "attentionDecode",
    [floats(4), new Uint16Array(4), floats(4), floats(4), decode],
    /expected v to be a Uint16Array, got a Float32Array/,
  ],
  [
    "attentionDecode",
    [floats(4), floats(4), floats(4), floats(4), { ...decode, keyScales: floats(2) }],
    /no keyScales and valueScales with a cache that is not int8/,
  ],
  [
    "linearInputGradient",
    [floats(3), weight, floats(3)],
    /expected dy \[N, O\] in whole rows of 2 elements, got 3/,
  ],
  ["linearInputGradient", [floats(2), weight, floats(2)], /expected dx \[N, I\] of 3 elements, got 2/],
  [
    "linearInputGradient",
    [floats(2), weight, weight.codes.subarray(0, 3)],
    /expected dx not to overlap the codes/,
  ],
  [
    "gemm",
    [floats(6), floats(6), floats(4), { m: 2, n: 2, k: 4 }],
    /expected a \[m, k\] of 8 elements, got 6/,
  ],
  [
    "gemm",
    [floats(6), floats(6), floats(4), { m: 2, n: 2, k: 2.5 }],
    /expected k to be a whole number .* got 2.5/,
  ],
  ["gemm", [floats(6), floats(6), floats(4)], /expected shape to be an object, got undefined/],
  ["rmsNormForward", [floats(5), floats(2), floats(5), 0], /x \[N, h\] in whole rows of 2 elements, got 5/],
  ["rmsNormForward", [floats(4), floats(0), floats(4), 0], /whole rows of 0 elements/],
  [
    "gatedLinear",
    [floats(3), gate, gate, null, floats(2)],
    /expected hidden to be a Uint16Array, got a Float32Array/,
  ],
  ["gatedLinear", [floats(3), gate, 1, null, halves(2)], /expected up to be an object, got 1/],
  [
    "gatedLinear",
    [floats(4), gate, gate, null, halves(2)],
    /expected x \[N, I\] in whole rows of 3 elements, got 4/,
  ],
  ["gatedLinear", [floats(3), gate, gate, null, halves(3)], /expected hidden \[N, f\] of 2 elements, got 3/],
  [
    "gatedLinear",
    [floats(3), gate, gate, bytes(5), halves(2)],
    /expected kept as gatedBytes gives .* of 12 elements, got 5/,
  ],
  [
    "gatedLinear",
    [floats(3), gate, gate, new Uint8Array(new ArrayBuffer(16), 1, 12), halves(2)],
    /expected kept to lie at a multiple of 4 bytes/,
  ],
  [
    "gatedLinear",
    [floats(3), gate, { ...gate, weight: { ...weight, shape: [1, 3], codes: floats(3) } }, null, halves(2)],
    /expected gate and up of one shape, got \[2, 3\] and \[1, 3\]/,
  ],
  [
    "gatedLinear",
    [floats(3), gate, { ...gate, bias: floats(3) }, null, halves(2)],
    /expected bias \[f\] of 2 elements, got 3/,
  ],
  ["gatedLinear", [floats(3), gate, gate, null, halves(2), { accumulate: true }], /expected no accumulate/],
  [
    "gatedLinear",
    [shared.subarray(0, 3), gate, gate, null, new Uint16Array(shared.buffer, 0, 2)],
    /expected hidden not to overlap x/,
  ],
  [
    "gatedLinear",
    [floats(3), { ...gate, lowRank: { ...lowRank, right: floats(3) } }, gate, null, halves(2)],
    /right of lowRank \[f, rank\] of 4 elements, got 3/,
  ],
  [
    "gatedLinearBackward",
    [floats(2), weight, null, halves(3), halves(3)],
    /expected kept to be a Uint8Array, got null/,
  ],
  [
    "gatedLinearBackward",
    [floats(2), weight, bytes(16), halves(3), halves(2)],
    /expected dUp \[N, f\] of 3 elements, got 2/,
  ],
  [
    "gatedLinearBackward",
    [floats(3), weight, bytes(16), halves(3), halves(3)],
    /expected dy \[N, O\] in whole rows of 2/,
  ],
  [
    "gatedLinearBackward",
    [floats(2), weight, bytes(16), sharedHalves, sharedHalves],
    /expected dGate not to overlap dUp/,
  ],
  [
    "gatedLinearBackward",
    [floats(2), weight, new Uint8Array(overKept.buffer), halves(3), overKept.subarray(0, 3)],
    /expected dUp not to overlap kept/,
  ],
  [
    "gatedLinearBackward",
    [floats(2), weight, new Uint8Array(overKept.buffer), overKept.subarray(1, 4), halves(3)],
    /expected dGate not to overlap kept/,
  ],
  ["gatedHidden", [bytes(16), halves(3), 0], /expected f to be a whole number from 1/],
  ["gatedHidden", [bytes(13), halves(3), 3], /expected kept as gatedBytes gives .* of 16 elements, got 13/],
  [
    "headLosses",
    [floats(4), weight, null, ints(0), floats(1), null, null],
    /expected hidden \[N, h\] in whole rows of 3/,
  ],
  [
    "headLosses",
    [floats(3), weight, null, ints(2), floats(1), null, null],
    /expected targets from 0 to 1, got 2 at 0/,
  ],
  [
    "headLosses",
    [floats(3), weight, null, ints(0), floats(2), null, null],
    /expected losses \[N\] of 1 elements, got 2/,
  ],
  [
    "headLosses",
    [floats(3), weight, floats(3), ints(0), floats(1), null, null],
    /expected bias \[V\] of 2 elements, got 3/,
  ],
  [
    "headLosses",
    [floats(3), weight, null, ints(0), floats(1), floats(3), null],
    /expected a workspace for dHidden, got null/,
  ],
  [
    "headLosses",
    [floats(3), weight, null, ints(0), floats(1), floats(3), halves(3)],
    /expected workspace \[N, V\] or \[N, a multiple of 256\], got 3 columns/,
  ],
  [
    "headLosses",
    [floats(3), weight, null, ints(0), floats(1), floats(3), halves(0)],
    /expected workspace \[N, V\] or \[N, a multiple of 256\], got 0 columns/,
  ],
  [
    "headLosses",
    [floats(3), weight, null, ints(0), floats(1), floats(3), floats(2), { alpha: 2 }],
    /expected no alpha, got 2/,
  ],
  [
    "headLosses",
    [shared.subarray(0, 3), weight, null, ints(0), floats(1), shared.subarray(2, 5), floats(2)],
    /expected dHidden not to overlap hidden/,
  ],
  ["rmsNormForward", [floats(4), floats(2), floats(4), -1], /expected epsilon to be at least 0, got -1/],
  ["rmsNormForward", [floats(4), floats(2), floats(4), "1"], /expected epsilon to be a number, got a string/],
  [
    "rmsNormBackward",
    [floats(4), floats(2), floats(4), floats(3), null, 0],
    /dx \[N, h\] of 4 elements, got 3/,
  ],
  ["rotate", [floats(6), floats(6), floats(1), floats(1), 1, 3, 1], /expected an even headSize, got 3/],
  [
    "rotate",
    [floats(8), floats(8), floats(4), floats(3), 1, 4, 1],
    /expected sin \[N, d\/2\] of 4 elements, got 3/,
  ],
  ["rotate", [floats(4), floats(4), floats(2), floats(2), 1, 4, 2], /expected direction 1 or -1, got 2/],
  ["swigluForward", [floats(2), floats(3), floats(2)], /expected up like gate of 2 elements, got 3/],
  [
    "swigluBackward",
    [shared, floats(12), floats(12), floats(12), floats(1)],
    /expected dUp like gate of 12 elements/,
  ],
  [
    "swigluBackward",
    [floats(2), floats(2), floats(2), shared.subarray(0, 2), shared.subarray(0, 2)],
    /dGate not to overlap dUp/,
  ],
  [
    "swigluBackward",
    [new Uint16Array(2), floats(2), floats(2), floats(2), floats(2)],
    /expected up to be a Uint16Array, got a Float32Array/,
  ],
  [
    "rmsNormBackward",
    [new Int32Array(4), floats(2), floats(4), floats(4), null, 0],
    /expected x to be a Float32Array, got an Int32Array/,
  ],
  [
    "attentionBackward",
    [...[4, 4, 4, 4, 2, 4, 4, 4].map(floats), new Uint16Array(4), attention],
    /expected dv to be a Float32Array, got a Uint16Array/,
  ],
  ["add", [floats(2), floats(3), floats(2)], /expected b like a of 2 elements, got 3/],
  ["multiply", [floats(2), floats(2), "out"], /expected out to be a Float32Array, got a string/],
  ["scale", [floats(2), Infinity, floats(2)], /expected factor to be finite, got inf/],
  ["addScaled", [floats(2), floats(2), undefined], /expected factor to be a number, got undefined/],
  ["exponential", [floats(2), floats(1)], /expected out like x of 2 elements, got 1/],
  ["transpose", [floats(6), floats(6), 2, 2], /expected x \[rows, columns\] of 4 elements, got 6/],
  ["transpose", [shared.subarray(0, 4), shared.subarray(0, 4), 2, 2], /expected out not to overlap x/],
  ["gatherRows", [weight, ints(0, 2), floats(6)], /expected ids from 0 to 1, got 2 at 1/],
  ["gatherRows", [weight, ints(-1), floats(3)], /expected ids from 0 to 1, got -1 at 0/],
  ["gatherRows", [weight, floats(1), floats(3)], /expected ids to be a Int32Array, got a Float32Array/],
  ["scatterAddRows", [floats(3), ints(2), floats(6), 3], /expected ids from 0 to 1, got 2 at 0/],
  ["dropout", [floats(2), floats(2), 1, 2, 1], /expected a rate in \[0, 1\), got 1/],
  [
    "dropout",
    [floats(2), floats(2), -1, 2, 0.1],
    /expected key0 to be a whole number from 0 to 4294967295, got -1/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(4), floats(3), null, attention],
    /out \[N, H, d\] of 4 elements, got 3/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(2), floats(4), null, attention],
    /v \[M, G, d\] of 4 elements, got 2/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(4), floats(4), null, { ...attention, keyValueHeadCount: 3 }],
    /keyValueHeadCount to divide headCount, got 3 and 2/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(4), floats(4), null, { ...attention, scale: NaN }],
    /expected scale to be finite, got nan/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(4), floats(4), null, { ...attention, querySegments: ints(0, 2) }],
    /querySegments to end at 1 rows, got 2/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(4), floats(4), null, { ...attention, keySegments: ints(0, 3, 2) }],
    /keySegments to start at 0 and never fall, got 2 at 2/,
  ],
  [
    "attentionForward",
    [floats(4), floats(4), floats(4), floats(4), null, { ...attention, keySegments: ints(0, 1, 2) }],
    /keySegments with an entry for each of querySegments of 2 elements, got 3/,
  ],
  [
    "attentionForward",
    [
      floats(8),
      floats(2),
      floats(2),
      floats(8),
      null,
      { ...attention, querySegments: ints(0, 2), keySegments: ints(0, 1) },
    ],
    /no more queries than keys in a sequence, got 2 and 1 in sequence 0/,
  ],
  [
    "attentionBackward",
    [...[4, 4, 4].map(floats), new Int8Array(4), ...[2, 4, 4, 4, 4].map(floats), attention],
    /expected outScales to be a Float32Array, got undefined/,
  ],
  [
    "attentionBackward",
    [
      ...[4, 4, 4].map(floats),
      new Int8Array(4),
      ...[2, 4, 4, 4, 4].map(floats),
      { ...attention, outScales: floats(1) },
    ],
    /expected outScales \[N, H\] of 2 elements, got 1/,
  ],
  [
    "attentionBackward",
    [...[4, 4, 4, 4, 2, 4, 4, 4, 4].map(floats), { ...attention, outScales: floats(2) }],
    /expected no outScales unless out is an Int8Array/,
  ],
  [
    "attentionBackward",
    [4, 4, 4, 4, 1, 4, 4, 4, 4].map(floats).concat(attention as never),
    /expected logSumExp \[N, H\] of 2 elements, got 1/,
  ],
  [
    "attentionDecode",
    [floats(4), floats(4), floats(4), floats(4), { ...decode, length: 3 }],
    /length .* from 1 to 2, got 3/,
  ],
  [
    "attentionDecode",
    [floats(4), floats(0), floats(0), floats(4), decode],
    /a cache with at least one row, got none/,
  ],
  [
    "attentionStep",
    [floats(4), floats(2), floats(2), {}, floats(4), decode],
    /expected caches to be an array/,
  ],
  [
    "attentionStep",
    [floats(4), floats(2), floats(2), [stepCache(1, 1)], floats(4), decode],
    /expected the length of a cache to be a whole number from 0 to 0, got 1/,
  ],
  [
    "attentionStep",
    [floats(4), floats(2), floats(2), [stepCache(0, 0)], floats(4), decode],
    /expected caches with room for a row, got one without/,
  ],
  [
    "attentionStep",
    [floats(4), floats(2), floats(2), [stepCache(1, 0), stepCache(1, 0)], floats(4), decode],
    /expected q \[S, H, d\] of 8 elements, got 4/,
  ],
  [
    "attentionStep",
    [floats(4), floats(3), floats(2), [stepCache(1, 0)], floats(4), decode],
    /expected k \[S, G, d\] of 2 elements, got 3/,
  ],
  [
    "attentionStep",
    [
      ...[floats(8), floats(4), floats(4)],
      [stepCache(1, 0), { keys: new Uint16Array(2), values: new Uint16Array(2), length: 0 }],
      ...[floats(8), decode],
    ],
    /expected caches of one format, got several/,
  ],
  [
    "attentionStep",
    [
      ...[floats(8), floats(4), floats(4)],
      [
        { keys: shared.subarray(0, 4), values: shared.subarray(4, 8), length: 0 },
        { keys: shared.subarray(8, 12), values: shared.subarray(2, 6), length: 0 },
      ],
      ...[floats(8), decode],
    ],
    /expected caches that do not overlap/,
  ],
  [
    "attentionStep",
    [
      ...[floats(4), shared.subarray(1, 3), floats(2)],
      [{ keys: shared.subarray(0, 2), values: floats(2), length: 0 }],
      ...[floats(4), decode],
    ],
    /expected k not to overlap the keys of a cache/,
  ],
  [
    "crossEntropyRows",
    [floats(6), ints(0, 3), floats(2), null, 1],
    /expected targets from 0 to 2, got 3 at 1/,
  ],
  [
    "crossEntropyRows",
    [floats(7), ints(0, 0), floats(2), null, 1],
    /expected logits \[M, V\] in 2 rows, got 7 elements/,
  ],
  [
    "crossEntropyRows",
    [floats(6), ints(0, 0), floats(3), null, 1],
    /expected losses \[M\] of 2 elements, got 3/,
  ],
  ["adamW", [{}, adam], /expected tensors to be an array, got an object/],
  ["adamW", [[{ ...tensor, first: floats(2) }], adam], /expected first like parameter of 1 elements, got 2/],
  ["adamW", [[{ ...tensor, second: tensor.first }], adam], /expected first not to overlap second/],
  ["adamW", [[tensor], { ...adam, step: 0 }], /expected step to be a whole number from 1 on, got 0/],
  ["adamW", [[tensor], { ...adam, beta2: 1 }], /expected beta2 in \[0, 1\), got 1/],
  [
    "sampleRows",
    [floats(3), Float64Array.of(1, 0, 1, 0), ints(0, 0)],
    /expected choices \[N, 4\] of 8 elements, got 4/,
  ],
  ["sampleRows", [floats(3), new Float64Array(8), ints(0, 0)], /expected logits \[N, V\] in 2 rows, got 3/],
  ["sampleRows", [floats(0), new Float64Array(4), ints(0)], /expected logits \[N, V\] in 1 rows, got 0/],
  [
    "sampleRows",
    [floats(3), floats(4), ints(0)],
    /expected choices to be a Float64Array, got a Float32Array/,
  ],
  [
    "sampleRows",
    [floats(3), Float64Array.of(-1, 0, 1, 0), ints(0)],
    /expected temperatures from 0 on, got -1 in row 0/,
  ],
  [
    "sampleRows",
    [floats(3), Float64Array.of(NaN, 0, 1, 0), ints(0)],
    /expected temperatures from 0 on, got nan/,
  ],
  [
    "sampleRows",
    [floats(3), Float64Array.of(1, 0.5, 1, 0), ints(0)],
    /expected topK from 0 on in whole numbers, got 0.5/,
  ],
  ["sampleRows", [floats(3), Float64Array.of(1, 0, 0, 0), ints(0)], /expected topP in \(0, 1\], got 0/],
  ["sampleRows", [floats(3), Float64Array.of(1, 0, 1, 1), ints(0)], /expected places in \[0, 1\), got 1/],
  [
    "adamW8bit",
    [[{ ...packed, first: { codes: bytes(2), scales: floats(1) } }], adam, momentCodes],
    /expected codes like parameter of 1 elements, got 2/,
  ],
  [
    "adamW8bit",
    [[{ ...packed, second: { codes: bytes(1), scales: floats(2) } }], adam, momentCodes],
    /expected scales \[blocks\] of 1 elements, got 2/,
  ],
  [
    "adamW8bit",
    [[{ ...packed, second: packed.first }], adam, momentCodes],
    /expected codes not to overlap codes/,
  ],
  ["adamW8bit", [[packed], adam, {}], /expected first to be an object, got undefined/],
  [
    "adamW8bit",
    [[packed], adam, { ...momentCodes, second: { ...momentCodes.second, starts: bytes(3) } }],
    /expected starts \[65536\] of 65536 elements, got 3/,
  ],
  ["adafactor", [[factored], { ...factor, kept: 1 }], /expected kept in \[0, 1\), got 1/],
  [
    "adafactor",
    [[{ ...factored, rowMoments: floats(4) }], factor],
    /expected parameter \[matrices, rows, columns\] of 12 elements, got 6/,
  ],
  [
    "adafactor",
    [[{ ...factored, matrices: 2 }], factor],
    /expected columnMoments \[columns, matrices\] in whole rows of 2 elements, got 3/,
  ],
  [
    "adafactor",
    [[{ ...factored, rowMoments: null }], factor],
    /expected columnMoments like parameter of 6 elements, got 3/,
  ],
  [
    "adafactor",
    [[{ ...factored, rowMoments: factored.gradient.subarray(0, 2) }], factor],
    /expected rowMoments not to overlap gradient/,
  ],
  ["sumOfSquares", [[floats(1), 3]], /expected a tensor to be a Float32Array, got 3/],
  ["setThreads", [0], /expected count to be a whole number from 1 to 1024, got 0/],
  ["allocate", [-1], /expected bytes to be a whole number from 0 on, got -1/],
  ["allocate", [2 ** 52], /the system has no 4503599627370496 bytes more/],
  ["free", [floats(1)], /expected buffer to be an ArrayBuffer, got a Float32Array/],
  ["free", [new ArrayBuffer(8)], /expected a buffer of allocate or mapFile, got another one/],
  ["dropPages", [3, 0, 0], /expected buffer to be an ArrayBuffer, got 3/],
  ["dropPages", [new ArrayBuffer(8), 0, 0], /expected a buffer of allocate or mapFile, got another one/],
  ["mapFile", [3], /expected path to be a string, got 3/],
  ["mapFile", ["a\0b"], /expected a path without null characters/],
  ["mapFile", ["no such file"], /cannot map "no such file": No such file/],
  ["mapFile", ["."], /cannot map ".": not a regular file/],
];

describe.skipIf(missing !== null)("native kernels refuse", () => {
  it.each(cases)("%s %#", (name, values, message) => {
    let thrown: unknown;
    try {
      kernels[name](...values);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    expect(["TypeError", "RangeError"]).toContain((thrown as Error).name);
    expect((thrown as Error).message).toMatch(new RegExp(`^${name}: `));
    expect((thrown as Error).message).toMatch(message);
    expect((thrown as NodeJS.ErrnoException).code).toBe("ERR_LATHE_ARGUMENT");
  });

  it("anything at all in place of an argument, without a crash", () => {
    const junk = [
      undefined,
      null,
      true,
      0,
      -1,
      NaN,
      1e300,
      "x",
      [],
      {},
      () => 0,
      Symbol(),
      1n,
      floats(0),
      floats(3),
    ];
    const names = Object.keys(kernels).filter(
      (name) => typeof kernels[name as keyof NativeKernels] === "function",
    );
    const harmless = new Set(["setThreads", "allocate"]); // a valid count is no junk
    for (const name of names.filter((name) => !harmless.has(name)) as (keyof NativeKernels)[]) {
      for (const value of junk) {
        for (let count = 0; count < 11; count++) {
          try {
            kernels[name](...Array.from({ length: count }, () => value));
          } catch (error) {
            expect((error as Error).message, name).toMatch(new RegExp(`^${name}: `));
          }
        }
      }
    }
  });

  it("an error thrown by a getter comes through as it is", () => {
    const trap = {
      get format(): string {
        throw new Error("mine");
      },
    };
    expect(() => kernels.linear(floats(3), trap, null, floats(2))).toThrow(/^mine$/);
  });

  it("a getter that detaches what was already read", () => {
    const x = floats(3);
    const sly = {
      ...weight,
      get scales(): null {
        structuredClone(x, { transfer: [x.buffer as ArrayBuffer] });
        return null;
      },
    };
    // Whatever it does, it must not read memory that is gone.
    expect(() => kernels.linear(x, sly, null, floats(2))).toThrow(/^linear: /);
  });
});
