import { threefry2x32 } from "@lathe/kernels";
import { quantize, type PackedFormatName, packedFormatNames, quantizedLinear } from "@lathe/quant";
import {
  add,
  attention,
  crossEntropy,
  dropout,
  embedding,
  linear,
  multiplyRows,
  type Precision,
  rmsNorm,
  rope,
  rotaryAngles,
  scale,
  startEngine,
  swiglu,
  Tape,
  withDropout,
  withTape,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { median } from "../measure.js";

/** One operation of the ledger. */
export interface LedgerEntry {
  readonly operation: string;
  /** Largest error of the output and of any gradient, as a share of the largest magnitude there. */
  readonly outputError: number;
  readonly gradientError: number;
  /** Milliseconds of forward and backward together, the median. */
  readonly milliseconds: number;
  readonly referenceMilliseconds: number;
  /** Why the operation does not run on the engine, or null. */
  readonly fault: string | null;
}

/** An engine and how it multiplies. */
export interface Side {
  readonly engine: string;
  readonly precision: string;
}

/** Rows, features, heads, head size and words of the ledger's tensors. */
const [ROWS, WIDTH, HEADS, GROUPS, HEAD_SIZE, WORDS] = [192, 512, 8, 2, 64, 2048] as const;

function values(length: number, stream: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (threefry2x32([stream, 9], [i, 0])[0] / 2 ** 31 - 1) / 2);
}

interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly run: (...inputs: never[]) => tf.Tensor;
}

const ids = Int32Array.from({ length: ROWS }, (_, row) => (row * 37) % WORDS);
const angles = rotaryAngles(
  Int32Array.from({ length: ROWS }, (_, row) => row % 96),
  Float64Array.from({ length: HEAD_SIZE / 2 }, (_, i) => 10_000 ** (-2 * (i / HEAD_SIZE))),
);
const segments = Int32Array.of(0, 96, 97, ROWS);
const heads = {
  headCount: HEADS,
  keyValueHeadCount: GROUPS,
  scale: HEAD_SIZE ** -0.5,
  keySize: HEAD_SIZE,
  valueSize: HEAD_SIZE,
  querySegments: segments,
  keySegments: segments,
};

function packed(format: PackedFormatName): Case {
  const matrix = quantize(values(WIDTH * WIDTH, 77), [WIDTH, WIDTH], format);
  return {
    name: `quantizedLinear ${format}`,
    shapes: [[ROWS, WIDTH]],
    run: (x: tf.Tensor2D) => quantizedLinear(x, matrix),
  };
}

const cases: readonly Case[] = [
  {
    name: "linear",
    shapes: [[ROWS, WIDTH], [WIDTH, WIDTH], [WIDTH]],
    run: (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D) => linear(x, w, b, "OI"),
  },
  ...packedFormatNames.map(packed),
  { name: "embedding", shapes: [[WORDS, WIDTH]], run: (table: tf.Tensor2D) => embedding(table, ids) },
  {
    name: "rmsNorm",
    shapes: [[ROWS, WIDTH], [WIDTH]],
    run: (x: tf.Tensor2D, w: tf.Tensor1D) => rmsNorm(x, w, 1e-6),
  },
  { name: "rope", shapes: [[ROWS, HEADS, HEAD_SIZE]], run: (x: tf.Tensor3D) => rope(x, angles) },
  {
    name: "attention",
    shapes: [
      [ROWS, HEADS, HEAD_SIZE],
      [ROWS, GROUPS, HEAD_SIZE],
      [ROWS, GROUPS, HEAD_SIZE],
    ],
    run: (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => attention(q, k, v, heads),
  },
  {
    name: "swiglu",
    shapes: [
      [ROWS, WIDTH],
      [ROWS, WIDTH],
    ],
    run: (gate: tf.Tensor2D, up: tf.Tensor2D) => swiglu(gate, up),
  },
  {
    name: "add",
    shapes: [
      [ROWS, WIDTH],
      [ROWS, WIDTH],
    ],
    run: (a: tf.Tensor, b: tf.Tensor) => add(a, b),
  },
  {
    name: "multiplyRows",
    shapes: [[ROWS, WIDTH], [WIDTH]],
    run: (x: tf.Tensor2D, row: tf.Tensor1D) => multiplyRows(x, row),
  },
  { name: "scale", shapes: [[ROWS, WIDTH]], run: (x: tf.Tensor) => scale(x, -1.5) },
  {
    name: "dropout",
    shapes: [[ROWS, WIDTH]],
    run: (x: tf.Tensor) => withDropout({ seed: 1, step: 1, microBatch: 0 }, () => dropout(x, 0.1, "ledger")),
  },
  {
    name: "crossEntropy",
    shapes: [[ROWS, WORDS]],
    run: (logits: tf.Tensor2D) => crossEntropy(logits, ids),
  },
];

interface Measured {
  readonly output: Float32Array;
  readonly gradients: readonly Float32Array[];
  readonly milliseconds: number;
}

/** Output, gradients under a fixed gradient of the output, and the time of a repetition. */
function measure({ run, shapes }: Case, repeats: number): Measured {
  const inputs = shapes.map((shape, i) =>
    tf.tensor(values(tf.util.sizeFromShape([...shape]), i), [...shape]),
  );
  const compute = run as (...inputs: tf.Tensor[]) => tf.Tensor;
  const times: number[] = [];
  let upstream: tf.Tensor | null = null;
  let read: Float32Array[] = [];
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const tape = new Tape(inputs);
    const parts = new Map<number, tf.Tensor>();
    const started = performance.now();
    const output = withTape(tape, () => compute(...inputs));
    upstream ??= tf.tensor(values(output.size, 99), output.shape);
    tape.backward(output, upstream, (input, part) => {
      parts.set(input.id, part.clone());
    });
    // Reading is what waits for the device.
    const results = [output, ...inputs.map(({ id }) => parts.get(id)!)];
    read = results.map((tensor) => Float32Array.from(tensor.dataSync()));
    if (repeat > 0) times.push(performance.now() - started);
    tf.dispose(results);
  }
  tf.dispose([...inputs, ...(upstream ? [upstream] : [])]);
  const [output, ...gradients] = read;
  return {
    output,
    gradients,
    milliseconds: median(times),
  };
}

/** Largest difference as a share of the largest magnitude expected; infinite where a value is not finite. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    if (!Number.isFinite(error)) return Infinity;
    worst = Math.max(worst, error);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return largest === 0 ? worst : worst / largest;
}

/** Runs every operation on a reference and on an engine, forward and backward, and compares. */
export async function compareOperations(
  side: Side,
  reference: Side,
  repeats: number,
): Promise<{ readonly description: string; readonly precision: string; readonly entries: LedgerEntry[] }> {
  await startEngine(reference.engine, reference.precision as Precision);
  const expected = cases.map((entry) => measure(entry, repeats));
  const started = await startEngine(side.engine, side.precision as Precision | "auto");
  const entries = cases.map((entry, index): LedgerEntry => {
    const before = expected[index];
    const shared = { operation: entry.name, referenceMilliseconds: before.milliseconds };
    try {
      const own = measure(entry, repeats);
      return {
        ...shared,
        outputError: relativeError(own.output, before.output),
        gradientError: Math.max(
          ...own.gradients.map((gradient, i) => relativeError(gradient, before.gradients[i])),
        ),
        milliseconds: own.milliseconds,
        fault: null,
      };
    } catch (error) {
      const fault = (error as Error).message;
      return { ...shared, outputError: NaN, gradientError: NaN, milliseconds: NaN, fault };
    }
  });
  return { description: started.description, precision: started.precision, entries };
}
