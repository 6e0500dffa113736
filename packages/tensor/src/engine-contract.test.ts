import { sayPhrase } from "@lathe/files";
import { emptyMoment, int8Codes, int8Scale, type WeightMatrix, widenWeights } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  attention,
  crossEntropyHead,
  type Engine,
  fromTfjs,
  fusedLinears,
  type FusedHeadKernel,
  fusesGatedMlp,
  gatedMlp,
  type KeyValueCache,
  type LayerStep,
  linear,
  type LinearTerms,
  listEngines,
  type Operation,
  PACKED_LINEAR,
  type PackedLinearAttributes,
  product,
  reshape,
  rmsNorm,
  rope,
  rotaryAngles,
  type Routines,
  scale,
  startEngine,
  swiglu,
  tensorMemory,
  valueAndGradients,
} from "./index.js";
import type { Kernel } from "./kernel.js";
import { KeptTogether } from "./kept.js";
import { kernelFor } from "./operation.js";
import { portableRoutines } from "./portable-routines.js";
import { transposeOperation } from "./product.js";
import { distance, seededFloats } from "./testing.js";
import { operationCases } from "./testing/operation-cases.js";
import { weightMatrices } from "./testing/weight-matrices.js";

/**
 * What every engine that runs here owes, in every precision it offers: each field of an engine against the portable form, a
 * reference or a law. A field without an entry in the contract below does not compile, and fails a test.
 */

const SEED = Number(process.env["TEST_SEED"] ?? 1301);
const floats = seededFloats(SEED);
const random = (...shape: number[]): tf.Tensor => tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();
const sumOfSquares = fromTfjs((x) => tf.sum<tf.Scalar>(tf.square(x)));

/**
 * How far a vector may be from another, as a share of that one's length. In float32 what additions in another order make of it;
 * else what the precision rounds operands to: 8 bits of bfloat16, 11 of half, 7 or 8 of int8.
 */
const ROUNDING = { fp32: 2e-6, bf16: 0.012, fp16: 0.02, int8: 0.04 } as const;

/** Length of the difference, by that of what is expected. NaN differs from everything. */
function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [difference, length] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    length += expected[i] ** 2;
  }
  return length === 0 ? Math.sqrt(difference) : Math.sqrt(difference / length);
}

/**
 * Whatever a body takes, it gives back. An engine with handles keeps a bounded number of constants on its device, such as masks: of
 * a first run they may stay, of a second nothing.
 */
function expectGivenBack(engine: Engine, body: () => void): void {
  if (engine.handles) body();
  const account = (): object => ({ tensors: tf.memory().numTensors, bytes: engine.memory().bytes });
  const before = account();
  body();
  expect(account()).toEqual(before);
}

/** The values and gradients of Σ y² over all outputs. */
function differentiated(outputs: () => tf.Tensor[], watched: readonly tf.Tensor[]): Float32Array[] {
  const all: Float32Array[] = [];
  const { value, gradients } = valueAndGradients(
    () =>
      tf.tidy(() => {
        const given = outputs();
        all.push(...given.map(valuesOf));
        return given.map((y) => sumOfSquares(y)).reduce((sum, part) => add(sum, part));
      }),
    watched,
  );
  all.push(...gradients.map((gradient) => valuesOf(gradient!)));
  tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
  return all;
}

/**
 * Holds an output (index 0) or a gradient of a kernel to what it is in portable form. Gradients come out of what was rounded when
 * it was kept, and are rounded again.
 */
function expectOutcome(
  { precision }: Engine,
  index: number,
  actual: Float32Array,
  expected: Float32Array,
): void {
  const part = `part ${index}`;
  if (precision === "fp32") expect(distance(actual, expected), part).toBeLessThan(ROUNDING.fp32);
  else expect(relative(actual, expected), part).toBeLessThan(ROUNDING[precision] * (index === 0 ? 1 : 2));
}

/** @param growth what errors grow to on their way, as a factor */
function expectClose(
  { precision }: Engine,
  actual: readonly Float32Array[],
  expected: readonly Float32Array[],
  growth = 1,
): void {
  expect(actual.length).toBe(expected.length);
  const allowed = precision === "fp32" ? 1e-5 : ROUNDING[precision] * growth;
  for (const [index, values] of expected.entries()) {
    expect(relative(actual[index], values), `part ${index}`).toBeLessThan(allowed);
  }
}

/** y = x Ŵᵀ + b out of unpacked weights; has no form in this package, as whoever packs weights gives it one. */
const packedLinear: Operation<PackedLinearAttributes> = {
  name: PACKED_LINEAR,
  forward([x, bias], { matrix }) {
    const weight = tf.tensor2d(widenWeights(matrix), [...matrix.shape]);
    const y = product(x as tf.Tensor2D, weight, false, true);
    return { output: bias ? tf.add(y, bias) : y, saved: [] };
  },
  pullback: (dy, _saved, { matrix }, [needsX]) => [
    needsX ? product(dy as tf.Tensor2D, tf.tensor2d(widenWeights(matrix), [...matrix.shape])) : null,
    null,
  ],
};

interface KernelCase {
  readonly name: string;
  readonly inputs: () => tf.Tensor[];
  readonly operation: Operation<never>;
  readonly attributes: unknown;
}

const noRows = { headCount: 2, keyValueHeadCount: 1, keySize: 4, valueSize: 4, scale: 1 };
const emptySegments = { querySegments: Int32Array.of(0, 0), keySegments: Int32Array.of(0, 0) };
const singles = operationCases(floats).flatMap(({ name, inputs, portable }) =>
  portable ? [{ name, inputs, operation: portable[0], attributes: portable[1] }] : [],
);
const byName = new Map(singles.map(({ operation }) => [operation.name, operation]));
const caseOf = (
  name: string,
  operation: Operation<never>,
  attributes: unknown,
  ...shapes: number[][]
): KernelCase => ({
  name,
  operation,
  attributes,
  inputs: () => shapes.map((shape) => random(...shape)),
});
const kernelCases: readonly KernelCase[] = [
  ...singles,
  caseOf("transpose", transposeOperation, null, [3, 70]),
  caseOf("transpose of a row", transposeOperation, null, [1, 5]),
  ...weightMatrices(floats, 5, 70).map(({ name, matrix }) =>
    caseOf(`packed linear in ${name}`, packedLinear as Operation<never>, { matrix }, [4, 70], [5]),
  ),
  // One column, one row, no rows.
  caseOf("linear of one number", byName.get("linear")!, { layout: "OI" }, [1, 1], [1, 1], [1]),
  caseOf("rmsNorm of one column", byName.get("rmsNorm")!, { epsilon: 1e-5 }, [3, 1], [1]),
  caseOf("swiglu of one column", byName.get("swiglu")!, null, [3, 1], [3, 1]),
  caseOf("crossEntropy of one class", byName.get("crossEntropy")!, { targets: Int32Array.of(0, 0) }, [2, 1]),
  caseOf("swiglu of no rows", byName.get("swiglu")!, null, [0, 4], [0, 4]),
  caseOf("add of no rows", byName.get("add")!, null, [0, 4], [0, 4]),
  caseOf("scale of no rows", byName.get("scale")!, { factor: 3 }, [0, 4]),
  caseOf("dropout of no rows", byName.get("dropout")!, { rate: 0.5, key: [1, 2] }, [0, 4]),
  caseOf("rmsNorm of no rows", byName.get("rmsNorm")!, { epsilon: 1e-5 }, [0, 4], [4]),
  caseOf(
    "attention of no rows",
    byName.get("attention")!,
    { ...noRows, ...emptySegments },
    [0, 2, 4],
    [0, 1, 4],
    [0, 1, 4],
  ),
];

/** Output and gradients of a kernel for a gradient of the output that is the same each time. */
function outcome(
  kernel: Kernel<never>,
  inputs: tf.Tensor[],
  attributes: unknown,
  needed: boolean[],
): Float32Array[] {
  const values: Float32Array[] = [];
  tf.tidy(() => {
    const together = needed.includes(true) ? new KeptTogether() : null;
    const { output, saved } = kernel.forward(inputs, attributes as never, needed, together);
    values.push(valuesOf(output));
    if (!together) return;
    const dy = tf.tensor(seededFloats(SEED + 1)(output.size), output.shape);
    const gradients = kernel.pullback(dy, saved, attributes as never, needed);
    for (const [index, gradient] of gradients.entries()) {
      if (!needed[index]) continue;
      if (gradient === null) continue;
      expect(gradient.shape).toEqual(inputs[index].shape);
      values.push(valuesOf(gradient));
    }
    for (const kept of saved) if (kept && !(kept instanceof tf.Tensor)) kept.dispose();
  });
  return values;
}

const plain = (weight: WeightMatrix): LinearTerms => ({ weight, bias: null, update: null });

/** Terms over weights, with a bias and an update whose rank lets no gradient be small by chance: errors are told by its length. */
function adapted(weight: WeightMatrix, site: string): LinearTerms {
  const [outFeatures, inFeatures] = weight.shape;
  const [a, b] = [random(8, inFeatures), random(outFeatures, 8)] as tf.Tensor2D[];
  return { weight, bias: random(outFeatures) as tf.Tensor1D, update: { a, b, scale: 0.5, dropout: 0, site } };
}

/** What terms stand for, out of parts that round nothing. */
function apart(x: tf.Tensor2D, { weight, bias, update }: LinearTerms): tf.Tensor2D {
  const dense = tf.tensor2d(widenWeights(weight), [...weight.shape]);
  const y = linear(x, dense, bias, "OI");
  return update
    ? add(y, linear(scale(linear(x, update.a, null, "OI"), update.scale), update.b, null, "OI"))
    : y;
}

const updatesOf = (terms: readonly LinearTerms[]): tf.Tensor[] =>
  terms.flatMap(({ update }) => (update ? [update.a, update.b] : []));

const heads = { headCount: 4, keyValueHeadCount: 2, keySize: 8, valueSize: 8, scale: 0.3 };

/** Rows of one layer's keys and values, attended to in two passes and a step, against attention over all rows at once. */
function expectCacheAttends(cache: KeyValueCache, allowed: number): void {
  const lengths = [9, 70];
  const [q, k, v] = [4, 2, 2].map((count) => lengths.map((rows) => random(rows, count, 8) as tf.Tensor3D));
  const whole = lengths.map((rows, s) =>
    tf.tidy(() => {
      const segments = Int32Array.of(0, rows);
      return valuesOf(
        attention(q[s], k[s], v[s], { ...heads, querySegments: segments, keySegments: segments }),
      );
    }),
  );
  const done = [0, 0];
  for (const counts of [
    [5, 64],
    [3, 5],
    [1, 1],
  ]) {
    const segments = Int32Array.of(0, counts[0], counts[0] + counts[1]);
    const out = tf.tidy(() => {
      const part = (of: tf.Tensor3D[]): tf.Tensor3D =>
        tf.concat(of.map((x, s) => tf.slice(x, [done[s], 0, 0], [counts[s], x.shape[1], 8])));
      return cache.attend(0, part(q), part(k), part(v), segments);
    });
    cache.advance(segments);
    const expected = counts.flatMap((count, s) => [
      ...whole[s].subarray(done[s] * 32, (done[s] + count) * 32),
    ]);
    expect(relative(valuesOf(out), expected)).toBeLessThan(allowed);
    out.dispose();
    counts.forEach((count, s) => (done[s] += count));
  }
  expect([...cache.lengths]).toEqual(lengths);
  tf.dispose([q, k, v]);
}

/** A check for each routine. */
const routineChecks: { readonly [Name in keyof Routines]: (routines: Routines) => void } = {
  adamW(routines) {
    const [begin, gradient] = [floats(37), tf.tensor1d(floats(37))];
    const after = [routines, portableRoutines].map(({ adamW }) => {
      const [variable, first, second] = [begin, floats(37).fill(0), floats(37).fill(0)].map((values) =>
        tf.tidy(() => tf.variable(tf.tensor1d(values.slice()))),
      );
      const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
      for (const step of [1, 2]) {
        adamW([{ variable, gradient, first, second }], { ...settings, step, gradientScale: 0.5 });
      }
      const values = [variable, first, second].flatMap((one) => [...valuesOf(one)]);
      tf.dispose([variable, first, second]);
      return values;
    });
    expect(distance(after[0], after[1])).toBeLessThan(1e-5);
    gradient.dispose();
  },
  adamW8bit(routines) {
    // Not a whole number of blocks.
    const [begin, gradient] = [floats(300), tf.tensor1d(floats(300))];
    const after = [routines, portableRoutines].map(({ adamW8bit }) => {
      const variable = tf.tidy(() => tf.variable(tf.tensor1d(begin.slice())));
      const [first, second] = [emptyMoment(300, "first"), emptyMoment(300, "second")];
      const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
      for (const step of [1, 2]) {
        adamW8bit([{ variable, gradient, first, second }], { ...settings, step, gradientScale: 0.5 });
      }
      const values = [...valuesOf(variable), ...first.scales, ...second.scales];
      variable.dispose();
      return values;
    });
    expect(distance(after[0], after[1])).toBeLessThan(1e-5);
    gradient.dispose();
  },
  adafactor(routines) {
    for (const shape of [[2, 5, 7], [5, 7], [35]]) {
      const [begin, gradient] = [floats(70), tf.tensor(floats(tf.util.sizeFromShape(shape)), shape)];
      const after = [routines, portableRoutines].map(({ adafactor }) => {
        const variableOf = (of: readonly number[], values?: Float32Array): tf.Variable =>
          tf.tidy(() => tf.variable(values ? tf.tensor(values, [...of]) : tf.zeros([...of])));
        const variable = variableOf(shape, begin.slice(0, tf.util.sizeFromShape(shape)));
        const rowMoments = shape.length > 1 ? variableOf(shape.slice(0, -1)) : null;
        const columnMoments = variableOf([...shape.slice(0, -2), shape.at(-1)!]);
        for (const kept of [0, 0.43]) {
          adafactor([{ variable, gradient, rowMoments, columnMoments }], {
            learningRate: 0.1,
            weightDecay: 0.1,
            kept,
            gradientScale: 0.5,
          });
        }
        const state = [variable, ...(rowMoments ? [rowMoments] : []), columnMoments];
        const values = state.flatMap((one) => [...valuesOf(one)]);
        tf.dispose(state);
        return values;
      });
      expect(distance(after[0], after[1])).toBeLessThan(1e-5);
      gradient.dispose();
    }
  },
  addInto(routines) {
    const [a, b] = [floats(37), floats(37)];
    const part = tf.tensor1d(b);
    const sum = routines.addInto(tf.tensor1d(a), part);
    expect([...valuesOf(sum)]).toEqual([...a.map((value, i) => value + b[i])]);
    tf.dispose([sum, part]);
  },
  sumOfSquares(routines) {
    const tensors = [random(3, 4), random(1), random(2, 0)];
    const expected = tensors
      .flatMap((one) => [...valuesOf(one)])
      .reduce((sum, value) => sum + value * value, 0);
    expect(routines.sumOfSquares(tensors)).toBeCloseTo(expected, 5);
    tf.dispose(tensors);
  },
  read(routines) {
    const x = random(3, 4);
    const target = new Float32Array(5);
    routines.read(x, 6, target);
    expect([...target]).toEqual([...valuesOf(x)].slice(6, 11));
    x.dispose();
  },
  write(routines) {
    const variable = tf.tidy(() => tf.variable(random(3, 4)));
    const expected = valuesOf(variable).slice();
    const values = floats(5);
    expected.set(values, 6);
    routines.write(variable, 6, values);
    expect([...valuesOf(variable)]).toEqual([...expected]);
    variable.dispose();
  },
};

/** A pre-norm decoder layer over weights of its own, of 4 query heads and 2 key/value heads of 8 numbers. */
function smallLayer(hidden: number, width: number) {
  const weights = (rows: number, columns: number): WeightMatrix => ({
    format: "fp32",
    shape: [rows, columns],
    codes: floats(rows * columns).map((value) => value / Math.sqrt(columns)),
    scales: null,
  });
  return {
    norms: [random(hidden), random(hidden)] as tf.Tensor1D[],
    queryNorm: random(8) as tf.Tensor1D,
    query: adapted(weights(32, hidden), "query"),
    key: plain(weights(16, hidden)),
    value: plain(weights(16, hidden)),
    output: adapted(weights(hidden, 32), "output"),
    gate: plain(weights(width, hidden)),
    up: plain(weights(width, hidden)),
    down: plain(weights(hidden, width)),
  };
}

type SmallLayer = ReturnType<typeof smallLayer>;

/** The layer as an engine takes a step through it. */
const stepOf =
  ({ norms, queryNorm, query, key, value, output, gate, up, down }: SmallLayer): LayerStep =>
  (context) => {
    const normed = context.rmsNorm(context.residual, norms[0], 1e-6);
    const [queries, k, v] = context.linears(normed, [query, key, value]);
    const q = context.rmsNorm(queries, queryNorm, 1e-6);
    context.rotate(q, 4, 8);
    context.rotate(k, 2, 8);
    context.addLinear(context.attend(q, k, v), output);
    const again = context.rmsNorm(context.residual, norms[1], 1e-6);
    const [gates, ups] = context.linears(again, [gate, up]);
    context.addLinear(context.swiglu(gates, ups), down);
  };

/** A check of each field: registers tests. `given` hands out the engine once it is started. */
const contract: { readonly [Field in keyof Engine]: (given: () => Engine, definition: Definition) => void } =
  {
    name: (given, { name }) => {
      it("is that of the definition", () => {
        expect(given().name).toBe(name);
      });
    },
    description: (given) => {
      it("is one line", () => {
        expect(given().description).toMatch(/^\S.*\S$/);
      });
    },
    descriptionPhrase: (given) => {
      it("says the description", () => {
        expect(sayPhrase(given().descriptionPhrase)).toBe(given().description);
      });
    },
    precision: (given, { precision }) => {
      it("is what was asked for", () => {
        expect(given().precision).toBe(precision);
      });
    },
    passedOver: (given) => {
      it("is empty where an engine was asked for by name", () => {
        expect(given().passedOver).toEqual([]);
      });
    },

    kernels: (given) => {
      it("are of operations that are held to their portable form here", () => {
        const held = new Set(kernelCases.map(({ operation }) => operation.name));
        expect([...given().kernels.keys()].filter((name) => !held.has(name))).toEqual([]);
      });

      it.for(kernelCases)(
        "$name: forward and pullback",
        ({ inputs: make, operation, attributes }, { skip }) => {
          const engine = given();
          const kernel = kernelFor(operation, attributes as never);
          if (kernel === operation) return skip(`${operation.name} is computed in portable form`);
          const inputs = make();
          const [all, none] = [inputs.map(() => true), inputs.map(() => false)];
          const expected = outcome(operation, inputs, attributes, all);
          outcome(kernel, inputs, attributes, all); // Whatever stays on a device is there from here on.
          expectGivenBack(engine, () => {
            const actual = outcome(kernel, inputs, attributes, all);
            expect(actual.length).toBe(expected.length);
            for (const [index, values] of expected.entries()) {
              expectOutcome(engine, index, actual[index], values);
            }
            // Where nothing is recorded the output has the same bits.
            expect(outcome(kernel, inputs, attributes, none)).toEqual([actual[0]]);
            // And a gradient that alone is wanted is the one that comes with the others.
            for (const index of inputs.keys()) {
              const alone = outcome(
                kernel,
                inputs,
                attributes,
                inputs.map((_, i) => i === index),
              );
              if (alone.length > 1) expect(alone[1]).toEqual(actual[index + 1]);
            }
          });
          tf.dispose(inputs);
        },
      );
    },

    fusedLinears: (given) => {
      it("is several linears, over weights in each format", ({ skip }) => {
        const engine = given();
        if (!engine.fusedLinears) return skip("operations are computed one by one");
        const terms = weightMatrices(floats, 9, 70).map(({ matrix, name }) => adapted(matrix, name));
        const x = random(13, 70) as tf.Tensor2D;
        for (const term of terms) {
          const watched = [x, ...updatesOf([term])];
          const expected = differentiated(() => [apart(x, term)], watched);
          expectGivenBack(engine, () => {
            expectClose(
              engine,
              differentiated(() => fusedLinears(x, [term]), watched),
              expected,
            );
          });
        }
        const alone = terms.map((term) => valuesOf(fusedLinears(x, [term])[0]));
        const together = fusedLinears(x, terms);
        together.forEach((y, index) => expect(valuesOf(y)).toEqual(alone[index]));
      });
    },

    gatedMlp: (given) => {
      it("is down(silu(gate) · up), over weights in each format, where it takes the terms", ({ skip }) => {
        const engine = given();
        const shapes = [weightMatrices(floats, 70, 24), weightMatrices(floats, 24, 70)];
        const formats = shapes[0].map((_, index) => ({
          gate: adapted(shapes[0][index].matrix, "gate"),
          up: plain(shapes[0][index].matrix),
          down: adapted(shapes[1][index].matrix, "down"),
        }));
        if (!formats.every(fusesGatedMlp)) {
          expect(formats.some(fusesGatedMlp)).toBe(false);
          return skip("gated MLPs are computed in parts");
        }
        const x = tf.mul<tf.Tensor2D>(random(12, 24), 0.1);
        for (const terms of formats) {
          const watched = [x, ...updatesOf(Object.values(terms))];
          const expected = differentiated(
            () => [apart(swiglu(apart(x, terms.gate), apart(x, terms.up)), terms.down)],
            watched,
          );
          expectGivenBack(engine, () => {
            const actual = differentiated(() => [gatedMlp(x, terms)], watched);
            // Two roundings in a row: gate and up are kept in 8 bits, with a scale for 64, beside the rounding of products.
            expectClose(engine, actual, expected, 2);
          });
        }
      });
    },

    crossEntropyHead: (given) => {
      const offered = (engine: Engine, skip: (note: string) => never): FusedHeadKernel =>
        engine.crossEntropyHead ?? skip("losses are computed from logits");

      it("is the head and its loss, over weights in each format and in chunks of any size", ({ skip }) => {
        const engine = given();
        offered(engine, skip);
        const targets = Int32Array.of(0, 10, 3, 3, 7);
        // Some of the weights are 512: logits stay of a size of which float32 holds fine differences.
        const hidden = tf.tidy(() => tf.mul<tf.Tensor2D>(random(5, 71), 1 / 256));
        const bias = random(11) as tf.Tensor1D;
        for (const { matrix } of weightMatrices(floats, 11, 71)) {
          const terms = { weight: matrix, bias, update: null };
          const project = (rows: tf.Tensor2D): tf.Tensor2D => apart(rows, terms);
          const run = (head: Parameters<typeof crossEntropyHead>[2], chunkRows: number): Float32Array[] =>
            differentiated(() => [crossEntropyHead(hidden, targets, head, 11, chunkRows)], [hidden]);
          const expected = run({ project }, 5);
          for (const chunkRows of [1, 3, 64]) {
            expectGivenBack(engine, () => {
              expectClose(engine, run({ project, terms }, chunkRows), expected);
            });
          }
        }
      });

      it("takes no more room than a matrix of logits in float32", ({ skip }) => {
        const { workspaceBytes } = offered(given(), skip);
        for (const [rows, vocabularySize] of [
          [1, 1],
          [1, 151_936],
          [2048, 151_936],
        ]) {
          const bytes = workspaceBytes(rows, vocabularySize);
          expect(bytes).toBeGreaterThan(0);
          expect(bytes).toBeLessThanOrEqual(rows * vocabularySize * 4);
        }
      });
    },

    routines: (given) => {
      it("has a check for each", () => {
        expect(Object.keys(given().routines).sort()).toEqual(Object.keys(routineChecks).sort());
      });

      it.each(Object.entries(routineChecks))("%s is what it is in portable form", (_name, check) => {
        const engine = given();
        expectGivenBack(engine, () => {
          check(engine.routines);
        });
      });
    },

    caches: (given) => {
      const shape = { layers: [{ ...heads, valuesAreKeys: false }] };

      it("attend to all rows so far in each format, and free them", () => {
        const engine = given();
        const { formats, create } = engine.caches;
        expect(new Set(formats).size).toBe(formats.length);
        // Keys and values are rounded to 8 or 7 bits after the sign; a first pass not at all.
        const allowed = { fp32: 2e-6, bf16: 2 ** -8, int8: 2 ** -6 };
        for (const format of formats) {
          expectGivenBack(engine, () => {
            const cache = create(shape, 2, format);
            expect(cache.format).toBe(format);
            expectCacheAttends(cache, engine.precision === "fp32" ? allowed[format] : 0.012);
            const both = cache.byteLength;
            cache.select([1]);
            expect([...cache.lengths]).toEqual([70]);
            expect(cache.byteLength).toBeLessThan(both);
            cache.dispose();
            expect(cache.byteLength).toBe(0);
            cache.dispose();
          });
        }
      });

      it("of no sequences hold nothing", () => {
        const { formats, create } = given().caches;
        const cache = create(shape, 0, formats[0]);
        expect([...cache.lengths]).toEqual([]);
        expect(cache.byteLength).toBe(0);
        cache.dispose();
      });

      it("take a step through all layers as operation by operation, where they take steps", ({ skip }) => {
        const engine = given();
        const { create } = engine.caches;
        const layers = [0, 1].map(() => smallLayer(24, 40));
        const angles = rotaryAngles(Int32Array.of(3, 0), Float64Array.of(1, 0.3, 0.1, 0.01));
        const [stepping, other] = [0, 1].map(() =>
          create({ layers: [shape.layers[0], shape.layers[0]] }, 2, "fp32"),
        );
        if (!stepping.step) return skip("layers are computed operation by operation");
        const x = random(2, 24) as tf.Tensor2D;
        const before = [random(3, 4, 8), random(3, 2, 8), random(3, 2, 8)] as tf.Tensor3D[];
        for (const cache of [stepping, other]) {
          const segments = Int32Array.of(0, 3, 3); // The second sequence has no rows yet.
          for (const layer of [0, 1])
            cache.attend(layer, before[0], before[1], before[2], segments).dispose();
          cache.advance(segments);
        }
        const actual = stepping.step(x, layers.map(stepOf), angles);
        const expected = tf.tidy(() => {
          let residual = x;
          for (const [index, layer] of layers.entries()) {
            const normed = rmsNorm(residual, layer.norms[0], 1e-6);
            const q = rmsNorm(
              reshape<tf.Tensor3D>(apart(normed, layer.query), [2, 4, 8]),
              layer.queryNorm,
              1e-6,
            );
            const k = reshape<tf.Tensor3D>(apart(normed, layer.key), [2, 2, 8]);
            const v = reshape<tf.Tensor3D>(apart(normed, layer.value), [2, 2, 8]);
            const attended = other.attend(index, rope(q, angles), rope(k, angles), v, Int32Array.of(0, 1, 2));
            const middle = add(residual, apart(reshape(attended, [2, 32]), layer.output));
            const again = rmsNorm(middle, layer.norms[1], 1e-6);
            residual = add(
              middle,
              apart(swiglu(apart(again, layer.gate), apart(again, layer.up)), layer.down),
            );
          }
          return residual;
        });
        expectClose(engine, [valuesOf(actual)], [valuesOf(expected)]);
        stepping.dispose();
        other.dispose();
      });
    },

    weightMemory: (given) => {
      it("gives zeroed memory, maps files, and gives both back at a word", ({ skip }) => {
        const memory = given().weightMemory;
        if (!memory) return skip("weights lie in the JavaScript heap");
        const block = memory.allocate(1000);
        expect([...new Uint8Array(block)]).toEqual(new Array(1000).fill(0));
        memory.free(block);
        expect(block.byteLength).toBe(0);
        memory.free(block);
        const folder = mkdtempSync(join(tmpdir(), "lathe-engine-"));
        try {
          const path = join(folder, "weights");
          const bytes = Uint8Array.from({ length: 9000 }, (_, i) => i * 7);
          writeFileSync(path, bytes);
          const [whole, part] = [memory.mapFile(path), memory.mapFile(path, 4097, 11)];
          expect(new Uint8Array(whole)).toEqual(bytes);
          expect(new Uint8Array(part)).toEqual(bytes.subarray(4097, 4108));
          new Uint8Array(whole)[0] = 9;
          expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
          for (const buffer of [whole, part]) {
            memory.free(buffer);
            expect(buffer.byteLength).toBe(0);
          }
          expect(() => memory.mapFile(join(folder, "missing"))).toThrow(/missing/);
        } finally {
          rmSync(folder, { recursive: true });
        }
      });
    },

    packInt8: (given) => {
      it("packs rows of any float type as the reference does; a scale of NaN for those that are not finite", ({
        skip,
      }) => {
        const { packInt8 } = given();
        if (!packInt8) return skip("it has no kernel for that");
        const sources = weightMatrices(floats, 6, 70).filter(
          ({ matrix }) => matrix.scales === null && !matrix.nested,
        );
        expect(sources.map(({ name }) => name)).toEqual(["fp32", "fp16", "bf16"]);
        for (const { matrix } of sources) {
          if (matrix.codes instanceof Float32Array) {
            matrix.codes.fill(0, 0, 70);
            matrix.codes[70] = NaN;
            matrix.codes[2 * 70 + 3] = -Infinity;
            matrix.codes.fill(-0, 3 * 70, 4 * 70);
          }
          const [codes, scales] = [new Int8Array(6 * 70), new Float32Array(6)];
          packInt8(matrix, codes, scales);
          for (let row = 0; row < 6; row++) {
            const values = widenWeights(matrix, row, row + 1);
            const isFinite = values.every(Number.isFinite);
            const expected = new Int8Array(70);
            if (isFinite) int8Codes(values, int8Scale(values), expected);
            expect(scales[row]).toBe(isFinite ? int8Scale(values) : NaN);
            expect([...codes.subarray(row * 70, (row + 1) * 70)]).toEqual([...expected]);
          }
        }
      });
    },

    memory: (given) => {
      it("counts what is alive, and the most there was", () => {
        const engine = given();
        const before = engine.memory();
        const made = tf.zeros<tf.Rank.R2>([100, 16]); // whole cache lines
        const shared = tf.reshape(made, [1600]);
        made.dataSync();
        const during = engine.memory();
        // Twice where TensorFlow.js counts, which does so by tensors.
        expect([6400, 12_800]).toContain(during.bytes - before.bytes);
        expect(during.peakBytes).toBeGreaterThanOrEqual(during.bytes);
        if (during.reservedBytes !== null) expect(during.reservedBytes).toBeGreaterThanOrEqual(during.bytes);
        expect(tensorMemory()).toMatchObject(during);
        made.dispose();
        expect(engine.memory().bytes - before.bytes).toBe(6400);
        shared.dispose();
        const after = engine.memory();
        expect(after.bytes).toBe(before.bytes);
        expect(after.peakBytes).toBeGreaterThanOrEqual(during.bytes);
      });
    },

    weightLayout: (given) => {
      it("is one of two, and a linear is the same in both", () => {
        const { weightLayout } = given();
        expect(["IO", "OI"]).toContain(weightLayout);
        const [x, stored] = [random(3, 5), random(4, 5)] as tf.Tensor2D[];
        const [turned, asStored] = [
          linear(x, tf.transpose(stored), null, "IO"),
          linear(x, stored, null, "OI"),
        ].map(valuesOf);
        expect(relative(turned, asStored)).toBeLessThan(ROUNDING[given().precision]);
      });
    },

    gradientHeadroom: (given) => {
      it("is a power of two, so that raising and lowering change no bit", () => {
        const { gradientHeadroom } = given();
        expect(gradientHeadroom).toBeGreaterThanOrEqual(1);
        expect(Number.isInteger(Math.log2(gradientHeadroom))).toBe(true);
      });
    },

    deviceBytes: (given) => {
      it("is a number of bytes, or null", () => {
        const { deviceBytes } = given();
        expect(deviceBytes === null || (Number.isInteger(deviceBytes) && deviceBytes > 0)).toBe(true);
      });
    },

    handles: (given) => {
      it("are as many after a computation as before it", ({ skip }) => {
        const { handles } = given();
        if (!handles) return skip("tensors have none");
        const compute = (): void => tf.dispose(tf.tidy(() => tf.add(tf.tensor1d([1]), 1)));
        compute();
        const before = handles();
        compute();
        expect(handles()).toEqual(before);
      });
    },

    valuesInPlace: (given) => {
      it("are the tensor's values, and of what was computed", () => {
        const { valuesInPlace } = given();
        const values = Float32Array.of(-0, NaN, Infinity, -Infinity, 2 ** -149, 3.4028234663852886e38, 1);
        const tensor = tf.tensor1d(values);
        expect([...valuesInPlace(tensor)]).toEqual([...values]);
        // TensorFlow's arithmetic takes subnormal numbers as zero; stored ones stay as they are.
        const normal = values.filter((value) => value === 0 || !(Math.abs(value) < 2 ** -126));
        const sum = tf.add(tf.tensor1d(normal), tf.tensor1d(normal));
        expect([...valuesInPlace(sum)]).toEqual([...normal.map((value) => value + value)]);
        expect([...valuesInPlace(tf.zeros([0, 3]))]).toEqual([]);
      });
    },

    weightMatrix: (given) => {
      it("is there where several linears are fused, and shows a tensor's own values", () => {
        const { weightMatrix, fusedLinears: kernel, valuesInPlace } = given();
        expect(weightMatrix === null).toBe(kernel === null);
        if (!weightMatrix) return;
        const tensor = tf.add<tf.Tensor2D>(random(3, 5), 1);
        const matrix = weightMatrix(tensor);
        expect(matrix).toMatchObject({ format: "fp32", shape: [3, 5], scales: null });
        expect(matrix.codes.buffer).toBe(valuesInPlace(tensor).buffer);
        expect(matrix.codes.byteOffset).toBe(valuesInPlace(tensor).byteOffset);
        tensor.dispose();
      });
    },

    gatherRows: (given) => {
      it("widens rows of a matrix in each format, the same one as often as it is named", () => {
        const engine = given();
        for (const { matrix, values } of weightMatrices(floats, 4, 131)) {
          for (const rows of [Int32Array.of(3, 0, 3), Int32Array.of(1), new Int32Array(0)]) {
            expectGivenBack(engine, () => {
              const gathered = engine.gatherRows(matrix, rows);
              expect(gathered.shape).toEqual([rows.length, 131]);
              const expected = [...rows].flatMap((row) => [...values.subarray(row * 131, (row + 1) * 131)]);
              expect(distance(valuesOf(gathered), expected)).toBeLessThan(1e-6);
              gathered.dispose();
            });
          }
        }
      });
    },

    sampleRows: (given) => {
      /** Tokens of rows, for choices of temperature, topK, topP and place. */
      const sampled = (rows: readonly Float32Array[], choices: readonly (readonly number[])[]): number[] => {
        const ids = new Int32Array(rows.length);
        const logits = Float32Array.from(rows.flatMap((row) => [...row]));
        given().sampleRows(logits, Float64Array.from(choices.flat()), ids);
        return [...ids];
      };
      const greedy = [0, 0, 1, 0];

      it("takes the likeliest token at temperature 0, of equals the first", () => {
        for (const length of [1, 2, 7, 64, 1000]) {
          const logits = floats(length);
          const place = length >> 1;
          const tied = logits.slice();
          tied[place] = tied[length - 1] = 2;
          const best = logits.indexOf(Math.max(...logits));
          expect(sampled([logits, tied], [greedy, greedy])).toEqual([best, place]);
        }
        expect(sampled([Float32Array.of(-0, 0, -0)], [greedy])).toEqual([0]);
      });

      it("draws by probabilities in the order of ids, within topK and then topP", () => {
        const logits = [0.1, 0.4, 0.2, 0.3].map((probability) => Math.log(probability));
        const at = (topK: number, topP: number, place: number): number =>
          sampled([Float32Array.from(logits)], [[1, topK, topP, place]])[0];
        expect([0, 0.09, 0.11, 0.49, 0.51, 0.69, 0.71, 0.99].map((place) => at(0, 1, place))).toEqual([
          0, 0, 1, 1, 2, 2, 3, 3,
        ]);
        // Of 1 and 3 the first has 4 parts in 7.
        expect([0, 0.56, 0.58, 0.99].map((place) => at(2, 1, place))).toEqual([1, 1, 3, 3]);
        expect([0, 0.56, 0.58, 0.99].map((place) => at(0, 0.69, place))).toEqual([1, 1, 3, 3]);
        expect([0, 0.99].map((place) => at(3, 0.4, place))).toEqual([1, 1]);
      });

      it("names a logit that is not finite, or the first where all are −∞", () => {
        const rows = [
          [1, Infinity, NaN, NaN],
          [1, Infinity, 0, 0],
          Array(4).fill(-Infinity),
          [1, 2, 3, -Infinity],
        ];
        const choices = rows.map(() => greedy);
        expect(
          sampled(
            rows.map((row: number[]) => Float32Array.from(row)),
            choices,
          ),
        ).toEqual([-3, -2, -1, 2]);
      });
    },
  };

interface Definition {
  readonly name: string;
  readonly precision: Engine["precision"];
}

const runs: Definition[] = [];
for (const { name, precisions, probe } of listEngines()) {
  if ((await probe()) === null) runs.push(...precisions.map((precision) => ({ name, precision })));
}

describe.each(runs)(`engine $name in $precision (seed ${SEED})`, (definition) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine(definition.name, definition.precision);
  });

  it("has no field without a check", () => {
    expect(Object.keys(engine).sort()).toEqual(Object.keys(contract).sort());
  });

  for (const [field, check] of Object.entries(contract)) {
    describe(field, () => {
      check(() => engine, definition);
    });
  }
});
