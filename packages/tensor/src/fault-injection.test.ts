import { emptyMoment, type NativeKernels, type ProductPrecision, type WeightMatrix } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { EngineDefinition } from "./engine.js";
import type { NativeBackend } from "./engines/native/native-backend.js";
import { NativeDevice } from "./engines/native/native-device.js";
import { nativeEngine, nativeParts } from "./engines/native/native-engine.js";
import {
  add,
  apply,
  attention,
  createKeyValueCache,
  crossEntropy,
  crossEntropyHead,
  dropout,
  embedding,
  type Engine,
  engineInUse,
  fusedLinears,
  gatedMlp,
  linear,
  type LinearTerms,
  listEngines,
  multiplyRows,
  type Operation,
  recompute,
  reshape,
  rmsNorm,
  rope,
  rotaryAngles,
  scale,
  startEngine,
  swiglu,
  tensorMemory,
  valueAndGradients,
  withDropout,
} from "./index.js";
import { seededFloats } from "./testing.js";

/**
 * Whatever fails in the middle of a computation, all that was taken for it is given back. A computation is run once for each
 * place in it that can fail: in TensorFlow.js's own kernels on every engine, on native in each kernel and each piece of memory
 * too.
 */

const SEED = Number(process.env["TEST_SEED"] ?? 613);
const floats = seededFloats(SEED);

class InjectedFault extends Error {}

/** Counts the places that can fail as they are passed, and lets one of them fail. */
class Faults {
  #passed = 0;
  #failing = Infinity;

  pass(): void {
    if (++this.#passed === this.#failing) throw new InjectedFault(`place ${this.#failing}`);
  }

  /** Runs work whose n-th place fails. @returns whether it came so far */
  strike(place: number, work: () => void): boolean {
    this.#passed = 0;
    this.#failing = place;
    try {
      work();
      return false;
    } catch (error) {
      if (error instanceof InjectedFault) return true;
      throw error;
    } finally {
      this.#failing = Infinity;
    }
  }
}

const faults = new Faults();

/** An object of whose methods some can fail before they do anything. @param instead members in place of its own */
function fallible<Target extends object>(
  target: Target,
  canFail: (name: PropertyKey) => boolean,
  instead: Partial<Target> = {},
): Target {
  return new Proxy({} as Target, {
    get(_target, name) {
      if (name in instead) return instead[name as keyof Target];
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        if (canFail(name)) faults.pass();
        return Reflect.apply(member, target, given) as unknown;
      };
    },
  });
}

const fallibleNative: EngineDefinition = {
  name: "native",
  description: "native, failing where it is told to",
  precisions: nativeEngine.precisions,
  probe: () => nativeEngine.probe(),
  async start(precision) {
    await nativeEngine.start(precision);
    const backend = tf.backend() as NativeBackend;
    // What gives back or only tells cannot fail.
    const kernels: NativeKernels = fallible(backend.kernels, (name) => name !== "free" && name !== "memory");
    const taking: PropertyKey[] = ["uninitialised", "takeRoom"];
    const device = fallible(backend, (name) => taking.includes(name), { kernels });
    return nativeParts(new NativeDevice(device, precision as ProductPrecision));
  },
};

const random = (...shape: number[]): tf.Tensor => tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);
/** Not out of `fromTfjs`: TensorFlow.js's own gradients keep what they saved when a function fails. */
const sumOfSquaresOperation: Operation<null> = {
  name: "sumOfSquares",
  forward: ([x]) => ({ output: tf.sum(tf.square(x)), saved: [x] }),
  pullback: (gradient, [x]) => [tf.mul(x as tf.Tensor, tf.mul(gradient, 2))],
};
const sumOfSquares = (x: tf.Tensor): tf.Scalar => apply(sumOfSquaresOperation, [x], null) as tf.Scalar;
const key = { seed: 9, step: 1, microBatch: 0 };

/** A computation and the tensors it takes, which are there before anything fails. */
interface Made {
  readonly tensors: readonly tf.Tensor[];
  readonly run: () => void;
}

interface Computation {
  readonly name: string;
  /** Whether an engine has it. */
  readonly isOffered: (engine: Engine) => boolean;
  readonly make: () => Made;
}

/** A computation that is differentiated by all its tensors. */
function differentiated(
  name: string,
  make: () => { readonly tensors: readonly tf.Tensor[]; readonly compute: () => tf.Tensor },
  isOffered: (engine: Engine) => boolean = () => true,
): Computation {
  return {
    name,
    isOffered,
    make() {
      const { tensors, compute } = make();
      const run = (): void => {
        const { value, gradients } = valueAndGradients(
          () => withDropout(key, () => tf.tidy(() => sumOfSquares(compute()))),
          tensors,
        );
        tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
      };
      return { tensors, run };
    },
  };
}

/** {@link differentiated} over random tensors of the shapes. */
const overRandom = (
  name: string,
  shapes: readonly (readonly number[])[],
  compute: (...tensors: never[]) => tf.Tensor,
): Computation =>
  differentiated(name, () => {
    const tensors = shapes.map((shape) => random(...shape));
    return { tensors, compute: () => (compute as (...given: tf.Tensor[]) => tf.Tensor)(...tensors) };
  });

const matrix = (outFeatures: number, inFeatures: number): WeightMatrix => ({
  format: "fp32",
  shape: [outFeatures, inFeatures],
  codes: floats(outFeatures * inFeatures),
  scales: null,
});

const plain = (outFeatures: number, inFeatures: number): LinearTerms => ({
  weight: matrix(outFeatures, inFeatures),
  bias: null,
  update: null,
});

/** Terms with an update of rank 2. */
function adapted(outFeatures: number, inFeatures: number, rate: number, site: string): LinearTerms {
  const [a, b] = [random(2, inFeatures), random(outFeatures, 2)] as tf.Tensor2D[];
  return { ...plain(outFeatures, inFeatures), update: { a, b, scale: 0.5, dropout: rate, site } };
}

const updatesOf = (terms: readonly LinearTerms[]): tf.Tensor[] =>
  terms.flatMap(({ update }) => (update ? [update.a, update.b] : []));

const heads = { headCount: 4, keyValueHeadCount: 2, keySize: 4, valueSize: 4, scale: 0.5 };
const targets = Int32Array.of(0, 6, 2, 2, 3);

const computations: readonly Computation[] = [
  overRandom("linear", [[5, 4], [3, 4], [3]], (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D) =>
    linear(x, w, b, "OI"),
  ),
  overRandom(
    "attention",
    [
      [5, 4, 4],
      [6, 2, 4],
      [6, 2, 4],
    ],
    (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) =>
      attention(q, k, v, {
        ...heads,
        querySegments: Int32Array.of(0, 3, 5),
        keySegments: Int32Array.of(0, 4, 6),
      }),
  ),
  overRandom(
    "swiglu",
    [
      [3, 5],
      [3, 5],
    ],
    (gate: tf.Tensor2D, up: tf.Tensor2D) => swiglu(gate, up),
  ),
  overRandom("embedding, rope and dropout", [[7, 8], [4]], (table: tf.Tensor2D, row: tf.Tensor1D) => {
    const rows = scale(embedding(table, Int32Array.of(1, 1, 6, 0, 2)), 2);
    const angles = rotaryAngles(Int32Array.of(0, 1, 2, 3, 4), Float64Array.of(1, 0.1));
    const turned = rope(reshape<tf.Tensor3D>(rows, [5, 2, 4]), angles);
    return dropout(multiplyRows(reshape<tf.Tensor2D>(turned, [10, 4]), row), 0.3, "here");
  }),
  overRandom("crossEntropy", [[5, 7]], (logits: tf.Tensor2D) => crossEntropy(logits, targets)),
  overRandom(
    "a block behind a norm, kept and computed again",
    [[4, 6], [6], [5, 6], [5, 6], [6, 5]],
    (x: tf.Tensor2D, norm: tf.Tensor1D, gate: tf.Tensor2D, up: tf.Tensor2D, down: tf.Tensor2D) => {
      const block = (rows: tf.Tensor): tf.Tensor2D => {
        const normed = rmsNorm(rows as tf.Tensor2D, norm, 1e-5);
        const hidden = swiglu(linear(normed, gate, null, "OI"), linear(normed, up, null, "OI"));
        return add(rows as tf.Tensor2D, linear(hidden, down, null, "OI"));
      };
      return block(recompute(block, x));
    },
  ),
  overRandom(
    "the head in chunks, its projection trained",
    [
      [5, 4],
      [4, 7],
    ],
    (hidden: tf.Tensor2D, w: tf.Tensor2D) =>
      crossEntropyHead(hidden, targets, { project: (rows) => linear(rows, w) }, 7, 2),
  ),
  differentiated(
    "the head with frozen terms",
    () => {
      const [hidden, terms] = [random(5, 4) as tf.Tensor2D, plain(7, 4)];
      const project = (rows: tf.Tensor2D): tf.Tensor2D => rows;
      return {
        tensors: [hidden],
        compute: () => crossEntropyHead(hidden, targets, { project, terms }, 7, 2),
      };
    },
    ({ crossEntropyHead: kernel }) => kernel !== null,
  ),
  differentiated(
    "fused linears behind a norm",
    () => {
      const terms = [adapted(3, 6, 0, "first"), plain(4, 6), adapted(3, 6, 0.4, "third")];
      const [x, norm] = [random(5, 6) as tf.Tensor2D, random(6) as tf.Tensor1D];
      return {
        tensors: [x, norm, ...updatesOf(terms)],
        compute() {
          const [first, second, third] = fusedLinears(rmsNorm(x, norm, 1e-5), terms);
          return add(sumOfSquares(second), sumOfSquares(add(first, third)));
        },
      };
    },
    ({ fusedLinears: kernel }) => kernel !== null,
  ),
  differentiated(
    "a gated MLP behind a norm",
    () => {
      const terms = {
        gate: adapted(70, 6, 0.4, "gate"),
        up: adapted(70, 6, 0, "up"),
        down: adapted(6, 70, 0, "down"),
      };
      const [x, norm] = [random(5, 6) as tf.Tensor2D, random(6) as tf.Tensor1D];
      return {
        tensors: [x, norm, ...updatesOf(Object.values(terms))],
        compute: () => gatedMlp(rmsNorm(x, norm, 1e-5), terms),
      };
    },
    ({ gatedMlp: kernel, precision }) => kernel !== null && precision !== "fp32",
  ),
  {
    name: "a cache: first pass, steps and growth",
    isOffered: () => true,
    make() {
      const layer = { ...heads, valuesAreKeys: false };
      const shape = { layers: [layer, layer] };
      const passes = [3, 1, 70].map((rows) => ({
        segments: Int32Array.of(0, rows, 2 * rows),
        q: random(2 * rows, 4, 4) as tf.Tensor3D,
        k: random(2 * rows, 2, 4) as tf.Tensor3D,
        v: random(2 * rows, 2, 4) as tf.Tensor3D,
      }));
      return {
        tensors: passes.flatMap(({ q, k, v }) => [q, k, v]),
        run() {
          const cache = createKeyValueCache(shape, 2);
          try {
            for (const { q, k, v, segments } of passes) {
              for (let layer = 0; layer < 2; layer++) cache.attend(layer, q, k, v, segments).dispose();
              cache.advance(segments);
            }
          } finally {
            cache.dispose();
          }
        },
      };
    },
  },
  {
    name: "the optimiser's step and sums of gradients",
    isOffered: () => true,
    make() {
      const [value, first, second, squares] = [random(5), ...[5, 5, 5].map((size) => tf.zeros([size]))].map(
        (x) => tf.variable(x),
      );
      const gradient = random(5);
      const settings = {
        learningRate: 0.1,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weightDecay: 0.1,
        step: 1,
      };
      return {
        tensors: [value, first, second, squares, gradient],
        run() {
          const { adamW, adamW8bit, adafactor, addInto, sumOfSquares, read, write } = engineInUse().routines;
          adamW([{ variable: value, gradient, first, second }], { ...settings, gradientScale: 0.5 });
          const packed = { first: emptyMoment(5, "first"), second: emptyMoment(5, "second") };
          adamW8bit([{ variable: value, gradient, ...packed }], { ...settings, gradientScale: 0.5 });
          adafactor([{ variable: value, gradient, rowMoments: null, columnMoments: squares }], {
            learningRate: 0.1,
            weightDecay: 0.1,
            kept: 0,
            gradientScale: 0.5,
          });
          sumOfSquares([gradient, value]);
          read(gradient, 1, new Float32Array(3));
          write(value, 1, new Float32Array(3));
          let sum = gradient.clone();
          try {
            // The first shares the memory of the gradient, the second is its own.
            for (const part of [value, gradient]) sum = addInto(sum, part);
          } finally {
            sum.dispose();
          }
        },
      };
    },
  },
  {
    name: "rows of a weight matrix",
    isOffered: () => true,
    make: () => ({
      tensors: [],
      run: () => engineInUse().gatherRows(matrix(4, 3), Int32Array.of(3, 0)).dispose(),
    }),
  },
];

const definitions: readonly EngineDefinition[] = [
  ...listEngines().filter(({ name }) => name === "cpu" || name === "wasm"),
  fallibleNative,
];
const runs = await Promise.all(
  definitions.map(async (definition) =>
    (await definition.probe()) === null
      ? definition.precisions.map((precision) => ({ name: definition.name, definition, precision }))
      : [],
  ),
);

describe.each(runs.flat())("$name in $precision gives back what it took (seed " + SEED + ")", (run) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine(run.definition, run.precision);
    const tfjs = tf.engine();
    const { runKernel, makeTensor } = tfjs;
    vi.spyOn(tfjs, "runKernel").mockImplementation((...given) => {
      faults.pass();
      return runKernel.apply(tfjs, given);
    });
    vi.spyOn(tfjs, "makeTensor").mockImplementation((...given) => {
      faults.pass();
      return makeTensor.apply(tfjs, given);
    });
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  it.for(computations)("$name", ({ isOffered, make }, { skip }) => {
    skip(!isOffered(engine), "the engine has no kernel of its own for this");
    const { tensors, run: work } = make();
    // Once to the end: variables and tables then have the memory that they stay with.
    expect(faults.strike(Infinity, work)).toBe(false);
    const account = (): object => {
      const { tensors: count, bytes } = tensorMemory();
      const allocated = engine.name === "native" ? (tf.backend() as NativeBackend).kernels.memory() : null;
      return { count, bytes, allocatedBytes: allocated?.allocatedBytes };
    };
    const before = account();
    let place = 1;
    for (; faults.strike(place, work); place++) expect(account(), `place ${place} fails`).toEqual(before);
    expect(account(), "nothing fails").toEqual(before);
    expect(place, "places that can fail").toBeGreaterThan(1);
    tf.dispose([...tensors]);
  });
});
