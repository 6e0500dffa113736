import { describe, expect, it } from "vitest";
import { fromBf16 } from "./bf16.js";
import {
  GATED_BLOCK,
  gatedBytes,
  gatedHidden,
  gatedLinear,
  gatedLinearBackward,
  openGates,
} from "./gated-linear.js";
import type { GateTerms, NativeKernels, PrecisionOptions } from "./native-kernels.js";
import { swigluBackward, swigluForward } from "./swiglu.js";
import { expectSame, expectWithin, nativeLevels, nativeMissing, Random } from "./testing.js";
import type { ElementFormat } from "./weight-matrix.js";

const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const FORMATS: readonly ElementFormat[] = ["fp32", "bf16", "fp16", "int8", "nf4", "fp8"];
const HALF = 2 ** -8; // of one number rounded to bfloat16, relative

const widened = (codes: Uint16Array): Float32Array => {
  const values = new Float32Array(codes.length);
  fromBf16(codes, values);
  return values;
};
const bounds = (values: Float32Array, share: number, least = 1e-30): Float32Array =>
  values.map((value) => Math.abs(value) * share + least);

interface Case {
  readonly rows: number;
  readonly inputs: number;
  readonly f: number;
  readonly format: ElementFormat;
  readonly options: PrecisionOptions;
  readonly rank: number;
  readonly hasBias: boolean;
}

/** Products by `linearMany` and `linearInputGradient` of the same level, whose own tests hold them to their references. */
function check(kernels: NativeKernels, random: Random, given: Case): void {
  const { rows, inputs, f, format, options, rank, hasBias } = given;
  const what = `${JSON.stringify({ ...given, outlierRatio: options.outlierRatio })}, seed ${random.seed}`;
  const deviation = 1 / Math.sqrt(inputs);
  const x = random.normals(rows * inputs, deviation);
  const terms = (): GateTerms => ({
    weight: random.weights(format, [f, inputs]),
    bias: hasBias ? random.normals(f) : null,
    lowRank:
      rank === 0
        ? null
        : { left: random.normals(rows * rank), right: random.normals(f * rank), rank, scale: 0.3 },
  });
  const [gate, up] = [terms(), terms()];
  const kept = new Uint8Array(gatedBytes(rows, f));
  const hidden = new Uint16Array(rows * f);
  kernels.gatedLinear(x, gate, up, kept, hidden, options);

  const [gates, ups] = [new Float32Array(rows * f), new Float32Array(rows * f)];
  // Up to 8 rows `linearMany` does not round activations; a row more does not change the others.
  const padded = rows <= 8 ? 9 : rows;
  const long = (values: Float32Array, width: number): Float32Array => {
    const result = new Float32Array(padded * width);
    result.set(values);
    return result;
  };
  const longTerms = (
    { weight, bias, lowRank }: GateTerms,
    y: Float32Array,
  ): Parameters<NativeKernels["linearMany"]>[1][0] => ({
    weight,
    bias,
    y,
    lowRank: lowRank && { ...lowRank, left: long(lowRank.left, rank) },
  });
  const products = [new Float32Array(padded * f), new Float32Array(padded * f)];
  kernels.linearMany(long(x, inputs), [longTerms(gate, products[0]), longTerms(up, products[1])], options);
  gates.set(products[0].subarray(0, rows * f));
  ups.set(products[1].subarray(0, rows * f));

  const expected = new Float32Array(rows * f);
  swigluForward(gates, ups, expected);
  // Products of outliers are summed in one place or another; all else has the same bits before it is rounded.
  const least = options.precision === "int8" ? 1e-4 : 1e-6;
  expectWithin(widened(hidden), expected, bounds(expected, HALF + 1e-5, least), `hidden ${what}`);

  const again = new Uint16Array(rows * f);
  kernels.gatedHidden(kept, again, f);
  const byReference = new Uint16Array(rows * f);
  gatedHidden(kept, byReference, f);
  expectWithin(
    widened(again),
    widened(byReference),
    bounds(widened(byReference), 2 * HALF),
    `hidden again ${what}`,
  );

  // Half a code of each, of the largest in its block.
  const blocks = Math.ceil(f / GATED_BLOCK);
  const scales = new Float32Array(kept.buffer, Math.ceil((rows * f) / 2) * 4, 2 * rows * blocks);
  const opened = openGates(kept, f);
  for (const [side, values] of [gates, ups].entries()) {
    const allowed = values.map((_, i) => {
      const block = Math.floor(i / f) * blocks + Math.floor((i % f) / GATED_BLOCK);
      return 0.5001 * scales[side * rows * blocks + block] + least;
    });
    expectWithin(opened[side], values, allowed, `kept ${side} ${what}`);
  }

  const outputs = inputs;
  const down = random.weights(format, [outputs, f]);
  const dy = random.normals(rows * outputs);
  const downRank =
    rank === 0
      ? null
      : { left: random.normals(rows * rank), right: random.normals(f * rank), rank, scale: -0.4 };
  const [dGate, dUp] = [new Uint16Array(rows * f), new Uint16Array(rows * f)];
  kernels.gatedLinearBackward(dy, down, kept, dGate, dUp, { ...options, lowRank: downRank });
  const dHidden = new Float32Array(padded * f);
  kernels.linearInputGradient(long(dy, outputs), down, dHidden, {
    ...options,
    lowRank: downRank && { ...downRank, left: long(downRank.left, rank) },
  });
  const [ofGate, ofUp] = [new Float32Array(rows * f), new Float32Array(rows * f)];
  swigluBackward(opened[0], opened[1], dHidden.subarray(0, rows * f), ofGate, ofUp);
  const inPlace = kept.slice();
  const [overCodes, upAgain] = [new Uint16Array(inPlace.buffer, 0, rows * f), new Uint16Array(rows * f)];
  kernels.gatedLinearBackward(dy, down, inPlace, overCodes, upAgain, { ...options, lowRank: downRank });
  expect([overCodes, upAgain], `over the codes ${what}`).toEqual([dGate, dUp]);
  const leastGradient = options.precision === "int8" ? 1e-2 : 1e-4;
  expectWithin(widened(dGate), ofGate, bounds(ofGate, HALF + 1e-4, leastGradient), `dGate ${what}`);
  expectWithin(widened(dUp), ofUp, bounds(ofUp, HALF + 1e-4, leastGradient), `dUp ${what}`);

  const unkept = new Uint16Array(rows * f);
  kernels.gatedLinear(x, gate, up, null, unkept, options);
  expect(unkept).toEqual(hidden);
}

describe.skipIf(missing !== null).each(nativeLevels().map((kernels) => [kernels.level, kernels] as const))(
  "gated linear, %s",
  (_level, kernels) => {
    const shapes = [
      [1, 1, 1],
      [2, 7, 63],
      [5, 64, 64],
      [17, 33, 65],
      [97, 130, 200],
      [193, 96, 330],
      [390, 40, 70],
    ] as const;
    it.each(FORMATS)("%s weights, each precision, ragged blocks, with and without updates", (format) => {
      for (const [seed, [rows, inputs, f]] of shapes.entries()) {
        const random = new Random(seed);
        for (const precision of ["fp32", "bf16", "int8"] as const) {
          const rank = random.pick([0, 3, 16]);
          const options = { precision, outlierRatio: random.pick([6, 2, Infinity]) };
          check(kernels, random, {
            rows,
            inputs,
            f,
            format,
            options,
            rank,
            hasBias: random.pick([true, false]),
          });
        }
      }
    });

    it("so many rows that several jobs share them, and in float32 several chunks", () => {
      for (const format of ["fp32", "bf16", "int8"] as const) {
        check(kernels, new Random(6), {
          rows: 1200,
          inputs: 1000,
          f: 70,
          format,
          options: { precision: format, outlierRatio: Infinity },
          rank: 3,
          hasBias: true,
        });
      }
    });

    it("more depth and more columns than one job holds", () => {
      const options = { precision: "bf16" } as const;
      const random = new Random(4);
      check(kernels, random, {
        rows: 100,
        inputs: 2000,
        f: 1100,
        format: "int8",
        options,
        rank: 4,
        hasBias: true,
      });
    });

    it("weights of two formats", () => {
      const random = new Random(5);
      const [rows, inputs, f] = [50, 70, 90];
      const x = random.normals(rows * inputs, 0.1);
      const terms = (["int8", "fp16"] as const).map((format): GateTerms => ({
        weight: random.weights(format, [f, inputs]),
        bias: null,
      }));
      const [hidden, expected] = [new Uint16Array(rows * f), new Uint16Array(rows * f)];
      kernels.gatedLinear(x, terms[0], terms[1], null, hidden, { precision: "bf16" });
      gatedLinear(x, terms[0], terms[1], null, expected);
      expectWithin(widened(hidden), widened(expected), bounds(widened(expected), 2 * HALF, 1e-4));
    });

    it("agrees with the reference, kept numbers included", () => {
      const random = new Random(6);
      const [rows, inputs, f] = [23, 50, 150];
      const x = random.normals(rows * inputs, 0.2);
      const dy = random.normals(rows * inputs);
      const terms = [0, 1].map((): GateTerms => ({
        weight: random.weights("fp32", [f, inputs]),
        bias: random.normals(f),
      }));
      const down = random.weights("fp32", [inputs, f]);
      const run = (
        forward: typeof gatedLinear,
        backward: typeof gatedLinearBackward,
      ): { readonly values: Float32Array[]; readonly kept: Uint8Array } => {
        const kept = new Uint8Array(gatedBytes(rows, f));
        const [hidden, dGate, dUp] = [0, 1, 2].map(() => new Uint16Array(rows * f));
        forward(x, terms[0], terms[1], kept, hidden);
        backward(dy, down, kept, dGate, dUp);
        return { values: [hidden, dGate, dUp].map(widened), kept };
      };
      const expected = run(gatedLinear, gatedLinearBackward);
      const actual = run(
        (...args) => {
          kernels.gatedLinear(...args);
        },
        (...args) => {
          kernels.gatedLinearBackward(...args);
        },
      );
      const codesOf = ({ kept }: { kept: Uint8Array }): Int8Array =>
        new Int8Array(kept.buffer, 0, 2 * rows * f);
      expectWithin(codesOf(actual), codesOf(expected), 1, "codes");
      const [hidden, ...gradients] = expected.values;
      expectWithin(actual.values[0], hidden, bounds(hidden, 2 * HALF, 1e-4), "hidden");
      for (const [i, gradient] of gradients.entries()) {
        // A code more or less of gate or up, where it lay between two.
        expectWithin(actual.values[i + 1], gradient, bounds(gradient, 2 * HALF, 0.3), `gradient ${i}`);
      }
    });

    it("NaN and infinity come through in their row, blocks of zeros stay zeros", () => {
      const [rows, inputs, f] = [8, 16, 130];
      const random = new Random(7);
      const x = random.normals(rows * inputs);
      x[2 * inputs + 3] = NaN;
      x[5 * inputs] = Infinity;
      x.fill(0, 6 * inputs, 7 * inputs);
      const terms = [0, 1].map((): GateTerms => ({
        weight: random.weights("fp32", [f, inputs]),
        bias: null,
      }));
      const kept = new Uint8Array(gatedBytes(rows, f));
      const [hidden, dGate, dUp] = [0, 1, 2].map(() => new Uint16Array(rows * f));
      kernels.gatedLinear(x, terms[0], terms[1], kept, hidden);
      kernels.gatedLinearBackward(
        random.normals(rows * inputs),
        random.weights("fp32", [inputs, f]),
        kept,
        dGate,
        dUp,
      );
      for (const values of [hidden, dGate, dUp].map(widened)) {
        for (let row = 0; row < rows; row++) {
          const isFinite = values.subarray(row * f, (row + 1) * f).every(Number.isFinite);
          expect(isFinite, `row ${row}`).toBe(row !== 2 && row !== 5);
        }
      }
      expect(widened(hidden).subarray(6 * f, 7 * f)).toEqual(new Float32Array(f));
    });

    it("the same bits for any number of threads", () => {
      const random = new Random(8);
      const [rows, inputs, f] = [210, 300, 700];
      const x = random.normals(rows * inputs, 0.05);
      const dy = random.normals(rows * inputs);
      const [gate, up] = [0, 1].map((): GateTerms => ({
        weight: random.weights("int8", [f, inputs]),
        bias: null,
      }));
      const down = random.weights("int8", [inputs, f]);
      const initial = kernels.threads();
      try {
        for (const precision of ["bf16", "int8"] as const) {
          const results = [1, 2, 5].map((threads) => {
            kernels.setThreads(threads);
            const kept = new Uint8Array(gatedBytes(rows, f));
            const [hidden, dGate, dUp] = [0, 1, 2].map(() => new Uint16Array(rows * f));
            kernels.gatedLinear(x, gate, up, kept, hidden, { precision });
            kernels.gatedLinearBackward(dy, down, kept, dGate, dUp, { precision });
            return [kept, hidden, dGate, dUp].map(({ buffer }) => Buffer.from(buffer));
          });
          for (const result of results.slice(1)) {
            for (const [i, bytes] of result.entries())
              expect(bytes.equals(results[0][i]), `output ${i}`).toBe(true);
          }
        }
      } finally {
        kernels.setThreads(initial);
      }
    });

    it.each(FORMATS)(
      "products of activations in bfloat16 are those of the same numbers in float32, %s",
      (format) => {
        for (const [rows, inputs, outputs] of [
          [1, 9, 5],
          [4, 64, 64],
          [5, 33, 70],
          [200, 130, 90],
        ] as const) {
          const random = new Random(rows);
          const weight = random.weights(format, [outputs, inputs]);
          const [x, dy] = [random.normals(rows * inputs), random.normals(rows * outputs)].map((values) => {
            const codes = new Uint16Array(values.length);
            kernels.toBf16(values, codes);
            return codes;
          });
          for (const precision of ["fp32", "bf16", "int8"] as const) {
            const [y, yExpected] = [0, 1].map(() => new Float32Array(rows * outputs));
            const [dx, dxExpected] = [0, 1].map(() => new Float32Array(rows * inputs));
            kernels.linear(x, weight, null, y, { precision });
            kernels.linear(widened(x), weight, null, yExpected, { precision });
            kernels.linearInputGradient(dy, weight, dx, { precision });
            kernels.linearInputGradient(widened(dy), weight, dxExpected, { precision });
            expectSame(y, yExpected, `y, ${rows} rows, ${precision}`);
            expectSame(dx, dxExpected, `dx, ${rows} rows, ${precision}`);
          }
        }
      },
    );
  },
);
