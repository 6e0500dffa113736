// Loads a binding to TensorFlow and computes real products with it, in a process of its own: a library that does not fit may
// end the process, and what it says while it starts is the only account of a card that it cannot use.
//
// Run: node scripts/check-tensorflow.mjs BINDING   (the last line of stdout is a JSON object; TensorFlow writes to stderr)

import { createRequire } from "node:module";

/** @typedef {import("../src/engines/tensorflow/addon-types.js").TensorFlowBinding} Binding */
/** @typedef {import("../src/engines/tensorflow/addon-types.js").OperationAttribute} Attribute */

const [FLOAT, INT32, UINT8, INT8, BFLOAT16, HALF] = [1, 3, 4, 6, 14, 19];

const path = process.argv[2];
/** @type {Binding} */
const binding = createRequire(import.meta.url)(path);

/** @type {Set<number>} */
const made = new Set();
/** @returns {number} */
const own = (/** @type {number} */ id) => {
  made.add(id);
  return id;
};
const create = (
  /** @type {number[]} */ shape,
  /** @type {number} */ type,
  /** @type {Float32Array | Int32Array | Uint8Array} */ values,
) => own(binding.createTensor(shape, type, values));
const floats = (/** @type {number[]} */ shape, /** @type {number[]} */ values) =>
  create(shape, FLOAT, Float32Array.from(values));
const integers = (/** @type {number[]} */ values) => create([values.length], INT32, Int32Array.from(values));
/** @returns {Attribute} */
const type = (/** @type {string} */ name, /** @type {number} */ value) => ({
  name,
  type: binding.TF_ATTR_TYPE,
  value,
});
/** @returns {Attribute} */
const flag = (/** @type {string} */ name, /** @type {boolean} */ value) => ({
  name,
  type: binding.TF_ATTR_BOOL,
  value,
});
/** The ids of what an operation makes. @returns {number[]} */
const run = (
  /** @type {string} */ name,
  /** @type {Attribute[]} */ attributes,
  /** @type {number[]} */ inputs,
  outputs = 1,
) => binding.executeOp(name, attributes, inputs, outputs).map(({ id }) => own(id));
const cast = (/** @type {number} */ x, /** @type {number} */ from, /** @type {number} */ to) =>
  from === to ? x : run("Cast", [type("SrcT", from), type("DstT", to)], [x])[0];
const valuesOf = (/** @type {number} */ id) => [...binding.tensorDataSync(id)];

/** @type {(actual: number[], expected: number[], tolerance: number) => void} */
function expectClose(actual, expected, tolerance) {
  const isClose =
    actual.length === expected.length &&
    actual.every((value, i) => Math.abs(value - expected[i]) <= tolerance * (1 + Math.abs(expected[i])));
  if (!isClose) throw new Error(`expected ${expected.join(", ")}, got ${actual.join(", ")}`);
}

/** A product large enough to take the library's own path for products, against sums in double. */
function product(/** @type {number} */ dtype, /** @type {number} */ tolerance) {
  const [rows, inner, columns] = [8, 64, 32];
  const a = Array.from({ length: rows * inner }, (_, i) => Math.sin(i + 1));
  const b = Array.from({ length: inner * columns }, (_, i) => Math.cos(3 * i));
  const expected = Array.from({ length: rows * columns }, (_, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a[row * inner + k] * b[k * columns + column];
    return sum;
  });
  const [x, w] = [floats([rows, inner], a), floats([inner, columns], b)].map((id) => cast(id, FLOAT, dtype));
  const attributes = [type("T", dtype), flag("transpose_a", false), flag("transpose_b", false)];
  expectClose(valuesOf(cast(run("MatMul", attributes, [x, w])[0], dtype, FLOAT)), expected, tolerance);
}

/** What fails and how, by name; null for what works. @type {Record<string, string | null>} */
const results = {};
/** @type {(name: string, body: () => void) => void} */
function attempt(name, body) {
  try {
    body();
    results[name] = null;
  } catch (error) {
    results[name] = (error instanceof Error ? error.message : String(error)).split("\n")[0];
  } finally {
    for (const id of made) binding.deleteTensor(id);
    made.clear();
  }
}

/** Codes as they are uploaded: bytes that are then taken for another type. */
const bytes = (/** @type {number[]} */ shape, /** @type {number} */ dtype, /** @type {number[]} */ values) =>
  run("Bitcast", [type("T", UINT8), type("type", dtype)], [create(shape, UINT8, Uint8Array.from(values))])[0];

const isGpu = binding.isUsingGpuDevice();
// Tensor cores round the operands of float32 products to 10 bits unless they are told otherwise.
attempt("float", () => product(FLOAT, isGpu ? 2e-2 : 1e-4));
attempt("half", () => product(HALF, 2e-2));
attempt("bfloat16", () => {
  const ones = bytes([2, 2], BFLOAT16, [0x80, 0x3f, 0x00, 0xc0]);
  expectClose(valuesOf(cast(ones, BFLOAT16, FLOAT)), [1, -2], 0);
});
attempt("int8", () => {
  const codes = bytes([2, 2], INT8, [1, 255, 127, 129]);
  const scales = cast(floats([2, 1], [0.5, 0.25]), FLOAT, HALF);
  const unpacked = run("Mul", [type("T", HALF)], [cast(codes, INT8, HALF), scales])[0];
  expectClose(valuesOf(cast(unpacked, HALF, FLOAT)), [0.5, -0.5, 31.75, -31.75], 0);
});
attempt("nf4", () => {
  const codes = bytes([3], UINT8, [0, 1, 2]);
  const table = cast(floats([3, 2], [0, 1, 2, 3, 4, 5]), FLOAT, HALF);
  const axis = create([], INT32, Int32Array.of(0));
  const [pairs] = run(
    "GatherV2",
    [type("Tparams", HALF), type("Tindices", INT32), type("Taxis", INT32)],
    [table, cast(codes, UINT8, INT32), axis],
  );
  expectClose(valuesOf(cast(pairs, HALF, FLOAT)), [0, 1, 2, 3, 4, 5], 0);
});
const types = { ...results };
for (const name of Object.keys(results)) delete results[name];

const x = () => floats([2, 3], [1, 2, 3, 4, 5, 6]);
const T = type("T", FLOAT);
for (const name of [
  "Neg",
  "Square",
  "Sqrt",
  "Rsqrt",
  "Exp",
  "Log",
  "Sigmoid",
  "Softmax",
  "LogSoftmax",
  "L2Loss",
]) {
  attempt(name, () => void run(name, [T], [x()]));
}
for (const name of ["AddV2", "Sub", "Mul", "RealDiv", "Maximum", "SigmoidGrad"]) {
  attempt(name, () => void run(name, [T], [x(), x()]));
}
for (const name of ["Sum", "Mean", "Max"]) {
  attempt(
    name,
    () => void run(name, [T, type("Tidx", INT32), flag("keep_dims", true)], [x(), integers([1])]),
  );
}
attempt("MatMul", () => product(FLOAT, isGpu ? 2e-2 : 1e-4));
attempt("BatchMatMulV2", () => {
  const a = floats([2, 1, 2], [1, 2, 3, 4]);
  const [y] = run("BatchMatMulV2", [T, flag("adj_x", false), flag("adj_y", true)], [a, a]);
  expectClose(valuesOf(y), [5, 25], 1e-2);
});
attempt("Transpose", () => {
  const [y] = run("Transpose", [T, type("Tperm", INT32)], [x(), integers([1, 0])]);
  expectClose(valuesOf(y), [1, 4, 2, 5, 3, 6], 0);
});
attempt(
  "Slice",
  () => void run("Slice", [T, type("Index", INT32)], [x(), integers([0, 1]), integers([2, 1])]),
);
attempt("ConcatV2", () => {
  const axis = create([], INT32, Int32Array.of(1));
  const count = { name: "N", type: binding.TF_ATTR_INT, value: 2 };
  run("ConcatV2", [T, count, type("Tidx", INT32)], [x(), x(), axis]);
});
attempt("BiasAdd", () => void run("BiasAdd", [T], [x(), floats([3], [1, 2, 3])]));
attempt("BiasAddGrad", () => expectClose(valuesOf(run("BiasAddGrad", [T], [x()])[0]), [5, 7, 9], 1e-6));
attempt("UnsortedSegmentSum", () => {
  const attributes = [T, type("Tindices", INT32), type("Tnumsegments", INT32)];
  const [sums] = run("UnsortedSegmentSum", attributes, [
    x(),
    integers([1, 1]),
    create([], INT32, Int32Array.of(2)),
  ]);
  expectClose(valuesOf(sums), [0, 0, 0, 5, 7, 9], 1e-6);
});
attempt("SparseSoftmaxCrossEntropyWithLogits", () => {
  const attributes = [T, type("Tlabels", INT32)];
  const logits = floats([1, 2], [0, 0]);
  const [losses, gradients] = run(
    "SparseSoftmaxCrossEntropyWithLogits",
    attributes,
    [logits, integers([1])],
    2,
  );
  expectClose([...valuesOf(losses), ...valuesOf(gradients)], [Math.LN2, 0.5, -0.5], 1e-5);
});

console.log(
  JSON.stringify({
    version: binding.TF_Version,
    isGpu,
    types,
    operations: results,
    handlesLeft: binding.getNumOfTensors(),
  }),
);
