import { beforeAll, describe, expect, it } from "vitest";
import { adamW } from "./adamw.js";
import { attentionBackward, attentionForward, type AttentionShape } from "./attention.js";
import { fromBf16, toBf16 } from "./bf16.js";
import { crossEntropyRows } from "./cross-entropy-rows.js";
import { dropoutMask } from "./dropout-mask.js";
import { fromFp8Blocks } from "./fp8-blocks.js";
import { gatherRows } from "./gather-rows.js";
import { gemm } from "./gemm.js";
import { toInt8Rows } from "./int8-rows.js";
import { int8Codes, int8Scale } from "./int8-weights.js";
import { type LevelOptions, linear, linearInputGradient, linearMany } from "./linear.js";
import type {
  CacheRows,
  CpuLevel,
  LinearOutput,
  LowRankUpdate,
  NativeAttentionShape,
  NativeKernels,
  ProductPrecision,
} from "./native-kernels.js";
import { rmsNormBackward, rmsNormForward } from "./rms-norm.js";
import { rotate } from "./rotate.js";
import { sampleRows } from "./sample-rows.js";
import { sumOfSquares } from "./sum-of-squares.js";
import { swigluBackward, swigluForward } from "./swiglu.js";
import { expectSame, expectWithin, nativeLevels, nativeMissing, Random } from "./testing.js";
import { transpose } from "./transpose.js";
import type { ElementFormat, WeightMatrix } from "./weight-matrix.js";
import { widenWeights } from "./widen-weights.js";

const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const ROUNDING = 2 ** -23; // of one float32 operation, relative
const FORMATS: readonly ElementFormat[] = ["fp32", "bf16", "fp16", "int8", "nf4", "fp8"];

const absolute = (values: Float32Array): Float32Array => values.map(Math.abs);
const absoluteWeights = (weight: WeightMatrix): WeightMatrix => ({
  format: "fp32",
  shape: weight.shape,
  codes: absolute(widenWeights(weight)),
  scales: null,
});

/**
 * Sums of float32 products err by a share of the sum of magnitudes; a factor rounded to bfloat16 by up to 2⁻⁸ of each
 * product, both factors (nf4) by twice that.
 */
const productBounds = (
  magnitudes: Float32Array,
  precision: ProductPrecision,
  format?: ElementFormat,
): Float32Array => {
  const rounded = precision === "fp32" ? 0 : format === "nf4" ? 2 ** -7 + 2 ** -16 : 2 ** -8;
  return magnitudes.map((sum) => sum * (4 * ROUNDING + rounded) + 1e-30);
};

const bytesOf = ({ buffer, byteOffset, byteLength }: CacheRows): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** What precision a product may have: 8-bit operands are exact in their reference. */
const boundPrecision = (precision: ProductPrecision): ProductPrecision =>
  precision === "int8" ? "fp32" : precision;

/** Values rounded to bfloat16, as codes and widened again. */
function inBf16(kernels: NativeKernels, values: Float32Array): { codes: Uint16Array; widened: Float32Array } {
  const codes = new Uint16Array(values.length);
  const widened = new Float32Array(values.length);
  kernels.toBf16(values, codes);
  kernels.fromBf16(codes, widened);
  return { codes, widened };
}

/**
 * Magnitudes of rows [N, depth]: at most a code more where they are rounded to 8 bits,
 * twice that where scales of int8 weights belong to the row.
 */
function largestRounded(x: Float32Array, depth: number, precision: ProductPrecision): Float32Array {
  if (precision !== "int8") return absolute(x);
  const result = absolute(x);
  for (let start = 0; start < x.length; start += depth) {
    const row = result.subarray(start, start + depth);
    const code = row.reduce((largest, value) => Math.max(largest, value), 0) / 32;
    for (let i = 0; i < depth; i++) row[i] += code;
  }
  return result;
}

/** What 8-bit activations reach on a level. */
const largestCode = (level: CpuLevel): number => (level === "avx2" || level === "avx512" ? 64 : 127);

/** What the product of a level is decided by. */
const levelOptions = (level: CpuLevel): LevelOptions => ({
  largestCode: largestCode(level),
  hasSixteenBits: ["avx2", "avx512", "avx512bf16", "amx"].includes(level),
});

/** What a level multiplies weights as where int8 is wanted: tile registers take bf16 and nf4 in bfloat16. */
const multipliedAs = (level: CpuLevel, format: ElementFormat, wanted: ProductPrecision): ProductPrecision =>
  wanted === "int8" && level.endsWith("amx") && (format === "bf16" || format === "nf4" || format === "fp8")
    ? "bf16"
    : wanted;

function checkProducts(
  kernels: NativeKernels,
  random: Random,
  format: ElementFormat,
  [rows, inputs, outputs]: readonly [number, number, number],
): void {
  const weight = random.weights(format, [outputs, inputs]);
  const x = random.normals(rows * inputs);
  const dy = random.normals(rows * outputs);
  const bias = random.pick([null, random.normals(outputs)]);
  const alpha = random.pick([1, -0.75]);
  const accumulate = random.pick([false, true]);
  const rank = random.pick([0, 0, random.integer(1, 20)]);
  const outlierRatio = random.pick([6, 2, Infinity]);
  const lowRank = (width: number): LowRankUpdate | null =>
    rank === 0
      ? null
      : { left: random.normals(rows * rank), right: random.normals(rank * width), rank, scale: 0.5 };
  const positive = (update: LowRankUpdate | null): LowRankUpdate | null =>
    update && { ...update, left: absolute(update.left), right: absolute(update.right) };
  const what =
    `${format} [${rows}, ${inputs}] × [${outputs}, ${inputs}]ᵀ alpha ${alpha} accumulate ${accumulate} ` +
    `bias ${bias !== null} rank ${rank} outliers ${outlierRatio}, seed ${random.seed}`;
  for (const wanted of ["fp32", "bf16", "int8"] as const) {
    const precision = multipliedAs(kernels.level, format, wanted);
    // Columns that 8 bits have to set aside.
    for (let row = 0; row < rows && wanted === "int8"; row++) {
      x[row * inputs + Math.floor(inputs / 2)] *= 50;
      dy[row * outputs + Math.floor(outputs / 3)] *= 50;
    }
    const update = lowRank(outputs);
    const options = { alpha, accumulate, precision, outlierRatio };
    const level = levelOptions(kernels.level);
    const before = random.normals(rows * outputs);
    const actual = before.slice();
    const expected = before.slice();
    kernels.linear(x, weight, bias, actual, { ...options, precision: wanted, lowRank: update });
    linear(x, weight, bias, expected, { ...options, ...level, lowRank: update });
    const magnitudes = absolute(before);
    const absoluteBias = bias && absolute(bias);
    linear(largestRounded(x, inputs, precision), absoluteWeights(weight), absoluteBias, magnitudes, {
      accumulate,
      lowRank: positive(update),
    });
    const allowed = boundPrecision(precision);
    expectWithin(actual, expected, productBounds(magnitudes, allowed, format), `linear ${precision} ${what}`);

    const inputUpdate = lowRank(inputs);
    const beforeInput = random.normals(rows * inputs);
    const actualInput = beforeInput.slice();
    const expectedInput = beforeInput.slice();
    kernels.linearInputGradient(dy, weight, actualInput, {
      ...options,
      precision: wanted,
      lowRank: inputUpdate,
    });
    linearInputGradient(dy, weight, expectedInput, { ...options, ...level, lowRank: inputUpdate });
    const inputMagnitudes = absolute(beforeInput);
    linearInputGradient(largestRounded(dy, outputs, precision), absoluteWeights(weight), inputMagnitudes, {
      accumulate,
      lowRank: positive(inputUpdate),
    });
    const bounds = productBounds(inputMagnitudes, allowed, format);
    expectWithin(actualInput, expectedInput, bounds, `linearInputGradient ${precision} ${what}`);
  }
}

function checkGemm(kernels: NativeKernels, random: Random, [m, n, k]: readonly number[]): void {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const shape = {
        m,
        n,
        k,
        transposeA,
        transposeB,
        alpha: random.pick([1, 0.5]),
        accumulate: random.pick([false, true]),
      };
      const a = random.normals(m * k);
      const b = random.normals(k * n);
      const actual = random.normals(m * n);
      const expected = actual.slice();
      const magnitudes = absolute(actual);
      kernels.gemm(a, b, actual, shape);
      gemm(a, b, expected, shape);
      gemm(absolute(a), absolute(b), magnitudes, shape);
      const what = `gemm ${JSON.stringify(shape)} seed ${random.seed}`;
      expectWithin(actual, expected, productBounds(magnitudes, "fp32"), what);
    }
  }
}

/** Segments of the given lengths. */
const cumulative = (lengths: readonly number[]): Int32Array =>
  Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0))]);

/** A shape in the words of the reference, whose keys and values may differ in size. */
const ofOneSize = ({ headSize, ...shape }: NativeAttentionShape): AttentionShape => ({
  ...shape,
  keySize: headSize,
  valueSize: headSize,
});

/**
 * Attention whose factors may be rounded to bfloat16: the same bits where the level does not, else within a few roundings of
 * what float32 gives, [out, dq, dk, dv].
 */
function checkRoundedAttention(
  kernels: NativeKernels,
  { q, k, v, dOut }: Record<"q" | "k" | "v" | "dOut", Float32Array>,
  shape: NativeAttentionShape,
  exact: readonly Float32Array[],
  what: string,
): void {
  const logSumExp = new Float32Array(q.length / shape.headSize);
  const [out, dq, dk, dv] = exact.map((values) => new Float32Array(values.length).fill(NaN));
  const rounded = { ...shape, precision: "bf16" } as const;
  kernels.attentionForward(q, k, v, out, logSumExp, rounded);
  kernels.attentionBackward(q, k, v, out, logSumExp, dOut, dq, dk, dv, rounded);
  [out, dq, dk, dv].forEach((values, index) => {
    if (!kernels.level.endsWith("amx")) {
      expectSame(values, exact[index]);
      return;
    }
    const largest = exact[index].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A query that sees one key has no gradient but rounding errors.
    const allowed = largest === 0 ? 1e-3 : 0.03 * largest;
    expectWithin(values, exact[index], allowed, `rounded ${index} of out, dq, dk, dv, ${what}`);
  });
}

function checkAttention(
  kernels: NativeKernels,
  random: Random,
  heads: readonly [headCount: number, keyValueHeadCount: number, headSize: number],
  sequences: readonly (readonly [queries: number, keys: number])[],
): void {
  const [headCount, keyValueHeadCount, headSize] = heads;
  const shape: NativeAttentionShape = {
    headCount,
    keyValueHeadCount,
    headSize,
    scale: 1 / Math.sqrt(headSize),
    querySegments: cumulative(sequences.map(([queries]) => queries)),
    keySegments: cumulative(sequences.map(([, keys]) => keys)),
  };
  const queryRows = shape.querySegments.at(-1)!;
  const queryCount = queryRows * headCount * headSize;
  const keyCount = shape.keySegments.at(-1)! * keyValueHeadCount * headSize;
  const q = random.normals(queryCount);
  const k = random.normals(keyCount);
  const v = random.normals(keyCount);
  const dOut = random.normals(queryCount);
  const what = `heads ${heads.join("/")} sequences ${JSON.stringify(sequences)} seed ${random.seed}`;

  const expected = new Float32Array(queryCount);
  attentionForward(q, k, v, expected, ofOneSize(shape));
  const actual = new Float32Array(queryCount).fill(NaN);
  const logSumExp = new Float32Array(queryRows * headCount).fill(NaN);
  kernels.attentionForward(q, k, v, actual, logSumExp, shape);
  expectWithin(actual, expected, 4e-6, `attention ${what}`);
  const alone = new Float32Array(queryCount).fill(NaN);
  kernels.attentionForward(q, k, v, alone, null, shape);
  expectWithin(alone, expected, 4e-6, `attention without logSumExp ${what}`);

  const gradients = (): Float32Array[] =>
    [queryCount, keyCount, keyCount].map((length) => new Float32Array(length).fill(NaN));
  const [dq, dk, dv] = gradients();
  kernels.attentionBackward(q, k, v, actual, logSumExp, dOut, dq, dk, dv, shape);
  const [dqExpected, dkExpected, dvExpected] = gradients();
  attentionBackward(q, k, v, dOut, dqExpected, dkExpected, dvExpected, ofOneSize(shape));
  const bound = 2e-5 * Math.sqrt(headSize);
  expectWithin(dq, dqExpected, bound, `dq ${what}`);
  expectWithin(dk, dkExpected, bound, `dk ${what}`);
  expectWithin(dv, dvExpected, bound, `dv ${what}`);

  const kept = [q, k, v, actual].map((values) => inBf16(kernels, values));
  const [codes, widened] = [kept.map((one) => one.codes), kept.map((one) => one.widened)];
  const [ofCodes, ofWidened] = [gradients(), gradients()];
  kernels.attentionBackward(
    codes[0],
    codes[1],
    codes[2],
    codes[3],
    logSumExp,
    dOut,
    ofCodes[0],
    ofCodes[1],
    ofCodes[2],
    shape,
  );
  kernels.attentionBackward(
    widened[0],
    widened[1],
    widened[2],
    widened[3],
    logSumExp,
    dOut,
    ofWidened[0],
    ofWidened[1],
    ofWidened[2],
    shape,
  );
  const bytes = new Int8Array(queryCount);
  const outScales = new Float32Array(queryRows * headCount);
  kernels.toInt8Rows(actual, bytes, outScales);
  const opened = Float32Array.from(bytes, (code, i) => code * outScales[Math.floor(i / headSize)]);
  const [ofBytes, ofOpened] = [gradients(), gradients()];
  const ofInt8 = { ...shape, outScales };
  kernels.attentionBackward(q, k, v, bytes, logSumExp, dOut, ofBytes[0], ofBytes[1], ofBytes[2], ofInt8);
  kernels.attentionBackward(q, k, v, opened, logSumExp, dOut, ofOpened[0], ofOpened[1], ofOpened[2], shape);
  ofBytes.forEach((values, index) => {
    expectWithin(values, ofOpened[index], bound, `out in int8, ${index} of dq, dk, dv ${what}`);
  });
  checkRoundedAttention(kernels, { q, k, v, dOut }, shape, [actual, dq, dk, dv], what);
  ofCodes.forEach((gradient, index) => {
    expectSame(gradient, ofWidened[index]);
  });
}

describe.each(nativeLevels().map((kernels) => [kernels.level, kernels] as const))(
  "level %s",
  (_level, kernels) => {
    describe("products", () => {
      const shapes = [
        ...[
          [1, 1, 1],
          [1, 7, 3],
          [2, 33, 17],
          [3, 64, 40],
          [4, 129, 31],
          [5, 1, 1],
          [6, 16, 16],
          [7, 31, 65],
          [13, 127, 129],
        ],
        [97, 385, 67],
        [61, 769, 130],
      ] as [number, number, number][];
      it.each(FORMATS)("%s weights, forward and backward", (format) => {
        for (const [index, shape] of shapes.entries())
          checkProducts(kernels, new Random(index + 1), format, shape);
      });

      it("adapters of rank 16", () => {
        checkProducts(kernels, new Random(1), "fp32", [101, 96, 16]);
        checkProducts(kernels, new Random(2), "fp32", [101, 16, 96]);
      });

      it.each(FORMATS)("more depth than fits the cache for all rows, %s: in parts", (format) => {
        const random = new Random(17);
        const [rows, wide, narrow, rank] = [400, 5600, 18, 3];
        const directions = [
          { shape: [wide, narrow], native: kernels.linearInputGradient, reference: linearInputGradient },
          {
            shape: [narrow, wide],
            native: (...[x, weight, y, options]: Parameters<typeof linearInputGradient>) => {
              kernels.linear(x, weight, bias, y, options);
            },
            reference: (...[x, weight, y, options]: Parameters<typeof linearInputGradient>) => {
              linear(x, weight, x.every((value) => value >= 0) ? absolute(bias) : bias, y, options);
            },
          },
        ] as const;
        const bias = random.normals(narrow);
        for (const { shape, native, reference } of directions) {
          const weight = random.weights(format, [...shape]);
          const x = random.normals(rows * wide);
          const before = random.normals(rows * narrow);
          const [left, right] = [random.normals(rows * rank), random.normals(rank * narrow)];
          const options = { alpha: -0.75, accumulate: true, lowRank: { left, right, rank, scale: 0.5 } };
          const [actual, expected] = [before.slice(), before.slice()];
          native(x, weight, actual, options);
          reference(x, weight, expected, options);
          const magnitudes = absolute(before);
          reference(absolute(x), absoluteWeights(weight), magnitudes, {
            ...options,
            alpha: 1,
            lowRank: { ...options.lowRank, left: absolute(left), right: absolute(right) },
          });
          expectWithin(actual, expected, productBounds(magnitudes, "fp32", format));
        }
      });

      it.each(FORMATS)("rows of %s have the same bits among any number of others, beyond few", (format) => {
        // Some numbers of rows leave lanes of vectors empty, and are multiplied another way than those that fill them; of many the
        // depth is cut first.
        const counts = [16, 25, 70, 130, 192, 400, 401];
        const [all, outputs, rank] = [Math.max(...counts), 67, 5];
        for (const [inputs, precision] of [
          [2400, "fp32"],
          [4800, "bf16"],
          [3700, "int8"],
          [233, "fp32"],
          [233, "bf16"],
          [233, "int8"],
        ] as const) {
          const random = new Random(inputs);
          const weight = random.weights(format, [outputs, inputs]);
          const [x, before] = [random.normals(all * inputs), random.normals(all * outputs)];
          const [left, right] = [random.normals(all * rank), random.normals(outputs * rank)];
          const bias = random.normals(outputs);
          const of = (rows: number): Float32Array => {
            const y = before.slice(0, rows * outputs);
            kernels.linear(x.subarray(0, rows * inputs), weight, bias, y, {
              alpha: -0.75,
              accumulate: true,
              precision,
              outlierRatio: Infinity,
              lowRank: { left: left.subarray(0, rows * rank), right, rank, scale: 0.5 },
            });
            return y;
          };
          const whole = of(all);
          for (const rows of counts) {
            expectSame(
              of(rows),
              whole.subarray(0, rows * outputs),
              `${rows} rows of ${inputs}, ${precision}`,
            );
          }
        }
      });

      it("more columns than are packed at once", () => {
        // 1100 × 1000 in float32 are 4.4 MB: each job packs its own columns.
        const random = new Random(3);
        const [rows, inputs, outputs] = [9, 1000, 1100];
        const weight = random.weights("int8", [outputs, inputs]);
        const x = random.normals(rows * inputs);
        const [actual, expected] = [new Float32Array(rows * outputs), new Float32Array(rows * outputs)];
        kernels.linear(x, weight, null, actual);
        linear(x, weight, null, expected);
        const magnitudes = new Float32Array(rows * outputs);
        linear(absolute(x), absoluteWeights(weight), null, magnitudes);
        expectWithin(actual, expected, productBounds(magnitudes, "fp32"));
      });

      it.each(["fp32", "bf16", "int8"] as const)(
        "several weights with the same activations, %s",
        (precision) => {
          const random = new Random(8);
          const inputs = 70;
          for (const rows of [3, 50]) {
            const x = random.normals(rows * inputs);
            const make = (format: ElementFormat, outputs: number, rank = 0): LinearOutput => ({
              weight: random.weights(format, [outputs, inputs]),
              bias: random.normals(outputs),
              y: new Float32Array(rows * outputs),
              lowRank:
                rank === 0
                  ? null
                  : {
                      left: random.normals(rows * rank),
                      right: random.normals(rank * outputs),
                      rank,
                      scale: 2,
                    },
            });
            const outputs = [
              ...[
                make("int8", 96, 4),
                make("int8", 16),
                make("int8", 17, 8),
                make("nf4", 33),
                make("fp16", 70),
              ],
              ...Array.from({ length: 10 }, () => make("fp32", 5)),
            ];
            kernels.linearMany(x, outputs, { precision });
            for (const { weight, bias, y, lowRank } of outputs) {
              const alone = new Float32Array(y.length);
              kernels.linear(x, weight, bias, alone, { precision, lowRank });
              expectSame(y, alone, `${weight.format} ${weight.shape.join(" × ")}, ${rows} rows`);
            }
            const expected = outputs.map((output) => ({ ...output, y: new Float32Array(output.y.length) }));
            linearMany(x, expected, { precision, ...levelOptions(kernels.level) });
            for (const [i, { y }] of expected.entries())
              expectWithin(outputs[i].y, y, precision === "fp32" ? 1e-3 : 0.5);
          }
        },
      );

      it("8-bit activations: outliers keep their digits, a row that is not finite shows it, zeros stay zeros", () => {
        const [rows, inputs, outputs] = [9, 130, 40];
        const random = new Random(12);
        const weight = random.weights("int8", [outputs, inputs]);
        const x = random.normals(rows * inputs);
        for (let row = 0; row < rows; row++) x[row * inputs + 77] = 1000 + row;
        const errorWith = (outlierRatio: number): number => {
          const [exact, rounded] = [new Float32Array(rows * outputs), new Float32Array(rows * outputs)];
          kernels.linear(x, weight, null, exact);
          kernels.linear(x, weight, null, rounded, { precision: "int8", outlierRatio });
          return rounded.reduce((largest, value, i) => Math.max(largest, Math.abs(value - exact[i])), 0);
        };
        expect(errorWith(6)).toBeLessThan(errorWith(Infinity) / 50);

        x.fill(0, 2 * inputs, 3 * inputs);
        x[4 * inputs] = NaN;
        x[6 * inputs] = -Infinity;
        const y = new Float32Array(rows * outputs);
        kernels.linear(x, weight, null, y, { precision: "int8", outlierRatio: Infinity });
        for (let row = 0; row < rows; row++) {
          const values = y.subarray(row * outputs, (row + 1) * outputs);
          if (row === 2) expect(values.every((value) => value === 0)).toBe(true);
          else expect(values.every(Number.isFinite), `row ${row}`).toBe(row !== 4 && row !== 6);
        }
      });

      it("8-bit activations: sums are exact at the ends of both ranges", () => {
        // Whole numbers up to the largest code, so that nothing is rounded but what overflows would show.
        const largest = largestCode(kernels.level);
        const [rows, inputs, outputs] = [27, 515, 33];
        const x = Float32Array.from({ length: rows * inputs }, (_, i) => (i % 5 < 3 ? largest : -largest));
        const signs = Float32Array.from({ length: rows * outputs }, (_, i) => (i % 3 ? largest : -largest));
        // Sums of four products fit 16 bits without sign for codes up to 63, and no longer for 64; one weight in a panel may be larger.
        const one = (value: number, other: number) => (at: number) => (at === 20 ? value : other);
        const codesOf = [127, -128, 63, 64, -63, -64, -65].map((code) => () => code);
        for (const codeOf of [...codesOf, one(127, 60), one(-128, 1)]) {
          const codes = Int8Array.from({ length: outputs * inputs }, (_, i) =>
            codeOf(Math.floor(i / inputs)),
          );
          const scales = new Float32Array(outputs).fill(1);
          const weight: WeightMatrix = { format: "int8", shape: [outputs, inputs], codes, scales };
          const [y, dx] = [new Float32Array(rows * outputs), new Float32Array(rows * inputs)];
          kernels.linear(x, weight, null, y, { precision: "int8" });
          kernels.linearInputGradient(signs, weight, dx, { precision: "int8" });
          const [expectedY, expectedDx] = [new Float32Array(y.length), new Float32Array(dx.length)];
          for (let row = 0; row < rows; row++) {
            const sum = x.subarray(row * inputs, (row + 1) * inputs).reduce((all, value) => all + value, 0);
            const ofRow = signs.subarray(row * outputs, (row + 1) * outputs);
            expectedY.set(
              ofRow.map((_, at) => sum * codeOf(at)),
              row * outputs,
            );
            const signSum = ofRow.reduce((all, value, at) => all + value * codeOf(at), 0);
            expectedDx.fill(signSum, row * inputs, (row + 1) * inputs);
          }
          expectSame(y, expectedY, `codes ${codeOf(0)}, ${codeOf(20)}`);
          expectSame(dx, expectedDx, `gradients of codes ${codeOf(0)}, ${codeOf(20)}`);
        }
      });

      it("8-bit activations: what is massive in one row spares its other digits", () => {
        const [rows, inputs, outputs] = [64, 256, 16];
        const random = new Random(13);
        const weight = random.weights("int8", [outputs, inputs]);
        const x = random.normals(rows * inputs);
        x[5 * inputs + 9] = 3000;
        weight.codes.fill(0);
        for (let output = 0; output < outputs; output++) weight.codes[output * inputs + 30] = 1;
        const errorWith = (outlierRatio: number): number => {
          const y = new Float32Array(rows * outputs);
          kernels.linear(x, weight, null, y, { precision: "int8", outlierRatio });
          const exact = x[5 * inputs + 30] * weight.scales![0];
          return Math.abs(y[5 * outputs] / exact - 1);
        };
        expect(errorWith(6)).toBeLessThan(0.05);
        expect(errorWith(Infinity)).toBe(1);
      });

      it("8-bit gradients: many small ones beside a large one keep their sum, whatever part of the depth they are in", () => {
        // Rows of so many gradients do not fit the cache and are multiplied part by part.
        const [rows, inputs, outputs] = [600, 24, 16000];
        const random = new Random(14);
        const int8 = random.weights("int8", [outputs, inputs]);
        // Of one sign, so that what rounding does to all of them adds up.
        for (const [i, code] of int8.codes.entries()) int8.codes[i] = Math.min(127, Math.abs(code));
        for (const weight of [int8, absoluteWeights(int8)]) {
          const dy = random.normals(rows * outputs).map((value) => Math.abs(value) * 1e-3);
          for (let row = 0; row < rows; row++) dy[row * outputs + random.integer(0, outputs - 1)] = -1;
          const [exact, rounded] = [new Float32Array(rows * inputs), new Float32Array(rows * inputs)];
          kernels.linearInputGradient(dy, weight, exact);
          kernels.linearInputGradient(dy, weight, rounded, { precision: "int8", outlierRatio: Infinity });
          // Each is below half a code of its row: rounded to nearest, nothing would be left of them.
          const error = Math.hypot(...rounded.map((value, i) => value - exact[i]));
          expect(error / Math.hypot(...exact), weight.format).toBeLessThan(0.03);
        }
      });

      it("8-bit products of other weights: many blocks of depth, and weights that are not finite", () => {
        const [rows, inputs, outputs] = [40, 5000, 70];
        const random = new Random(15);
        for (const format of ["fp32", "bf16", "fp16", "nf4"] as const) {
          const weight = random.weights(format, [outputs, inputs]);
          const x = random.normals(rows * inputs);
          const [exact, rounded] = [new Float32Array(rows * outputs), new Float32Array(rows * outputs)];
          kernels.linear(x, weight, null, exact);
          kernels.linear(x, weight, null, rounded, { precision: "int8" });
          const error = Math.hypot(...rounded.map((value, i) => value - exact[i]));
          expect(error, format).toBeGreaterThan(0);
          expect(error / Math.hypot(...exact), format).toBeLessThan(0.03);
        }
        for (const value of [NaN, Infinity]) {
          const weight = random.weights("fp32", [outputs, inputs]);
          weight.codes[2 * inputs + 7] = value;
          const [y, dx] = [new Float32Array(rows * outputs), new Float32Array(rows * inputs)];
          kernels.linear(random.normals(rows * inputs), weight, null, y, { precision: "int8" });
          kernels.linearInputGradient(random.normals(rows * outputs), weight, dx, { precision: "int8" });
          expect(y.every((result, i) => Number.isFinite(result) === (i % outputs !== 2))).toBe(true);
          expect(dx.every((result, i) => Number.isFinite(result) === (i % inputs !== 7))).toBe(true);
        }
      });

      it("general matrices, each transposed or not", () => {
        const sizes = [
          [1, 1, 1],
          [16, 96, 201],
          [96, 16, 201],
          [7, 5, 3],
          [1, 33, 65],
          [65, 1, 33],
          [130, 67, 400],
          [12, 12, 0],
        ];
        for (const [index, size] of sizes.entries()) checkGemm(kernels, new Random(index + 1), size);
      });

      it("nothing to multiply leaves the bias", () => {
        const y = new Float32Array(2).fill(NaN);
        kernels.gemm(new Float32Array(0), new Float32Array(0), y, { m: 1, n: 2, k: 0 });
        expect([...y]).toEqual([0, 0]);
        kernels.linear(new Float32Array(0), new Random(1).weights("fp32", [2, 3]), null, new Float32Array(0));
      });

      it("NaN and infinity come through in their row and no other", () => {
        const random = new Random(5);
        const weight = random.weights("fp32", [20, 40]);
        const x = random.normals(8 * 40);
        x[3 * 40 + 7] = NaN;
        x[5 * 40 + 7] = Infinity;
        const y = new Float32Array(8 * 20);
        kernels.linear(x, weight, null, y);
        const finite = Array.from({ length: 8 }, (_, row) =>
          y.subarray(row * 20, row * 20 + 20).every(Number.isFinite),
        );
        expect(finite).toEqual([true, true, true, false, true, false, true, true]);
      });

      it("random shapes and formats", () => {
        const seed = Number(process.env["LATHE_TEST_SEED"] ?? 20251123);
        const random = new Random(seed);
        for (let round = 0; round < 25; round++) {
          const shape = [random.integer(1, 40), random.integer(1, 200), random.integer(1, 140)] as const;
          const format = random.pick(FORMATS);
          checkProducts(kernels, new Random(seed + round), format, shape);
        }
      });
    });

    describe("attention", () => {
      it.each([
        [[1, 1, 1], [[1, 1]]],
        [[2, 1, 8], [[5, 5]]],
        [
          [14, 2, 64],
          [
            [67, 67],
            [1, 1],
            [0, 0],
            [33, 33],
          ],
        ],
        [[4, 4, 24], [[130, 130]]],
        [[3, 1, 20], [[65, 65]]],
        [
          [6, 2, 16],
          [
            [3, 200],
            [0, 9],
            [70, 71],
            [1, 65],
          ],
        ],
        [[8, 2, 128], [[40, 40]]],
        [[5, 5, 7], [[17, 19]]],
        [
          [6, 3, 12],
          [
            [1, 90],
            [0, 4],
            [1, 1],
            [1, 300],
          ],
        ],
        [[2, 2, 64], []],
      ] as const)("heads %j, sequences of [queries, keys] %j", (heads, sequences) => {
        checkAttention(kernels, new Random(7), heads, sequences);
      });

      it("random shapes", () => {
        const seed = Number(process.env["LATHE_TEST_SEED"] ?? 4711);
        for (let round = 0; round < 8; round++) {
          const random = new Random(seed + round);
          const groups = random.integer(1, 3);
          const sequences = Array.from({ length: random.integer(1, 4) }, () => {
            const queries = random.integer(0, 90);
            return [queries, queries + random.pick([0, 0, random.integer(0, 80)])] as const;
          });
          checkAttention(
            kernels,
            random,
            [groups * random.integer(1, 8), groups, random.integer(1, 70)],
            sequences,
          );
        }
      });

      it("large scores neither overflow nor vanish", () => {
        const shape: NativeAttentionShape = {
          headCount: 1,
          keyValueHeadCount: 1,
          headSize: 4,
          scale: 1,
          querySegments: Int32Array.of(0, 80),
          keySegments: Int32Array.of(0, 80),
        };
        const random = new Random(2);
        const q = random.normals(320, 30);
        const k = random.normals(320, 30);
        const v = random.normals(320);
        const [actual, expected] = [new Float32Array(320), new Float32Array(320)];
        kernels.attentionForward(q, k, v, actual, null, shape);
        attentionForward(q, k, v, expected, ofOneSize(shape));
        // Scores of about a thousand have spacings of 2⁻¹³, which are the relative errors of the probabilities.
        expectWithin(actual, expected, 1e-3);
      });

      it.each([
        [14, 2, 64, 1],
        [14, 2, 64, 300],
        [4, 4, 20, 256],
        [3, 1, 7, 700],
      ])("decodes: H %i, G %i, d %i over %i keys", (headCount, keyValueHeadCount, headSize, length) => {
        const random = new Random(11);
        const q = random.normals(headCount * headSize);
        const rows = length + 5;
        const k = random.normals(rows * keyValueHeadCount * headSize);
        const v = random.normals(rows * keyValueHeadCount * headSize);
        const scale = 1 / Math.sqrt(headSize);
        const [actual, expected] = [new Float32Array(q.length), new Float32Array(q.length)];
        const shape = { headCount, keyValueHeadCount, headSize, scale, length };
        kernels.attentionDecode(q, k, v, actual, shape);
        const used = length * keyValueHeadCount * headSize;
        attentionForward(q, k.subarray(0, used), v.subarray(0, used), expected, {
          headCount,
          keyValueHeadCount,
          keySize: headSize,
          valueSize: headSize,
          scale,
          querySegments: Int32Array.of(0, 1),
          keySegments: Int32Array.of(0, length),
        });
        expectWithin(actual, expected, 2e-6);

        // Caches in fewer bits are what they stand for, exactly.
        const again = new Float32Array(q.length);
        const halves = [k, v].map((values) => {
          const codes = new Uint16Array(values.length);
          toBf16(values, codes);
          const wide = new Float32Array(values.length);
          fromBf16(codes, wide);
          return { codes, wide };
        });
        kernels.attentionDecode(q, halves[0].codes, halves[1].codes, actual, shape);
        kernels.attentionDecode(q, halves[0].wide, halves[1].wide, again, shape);
        expectSame(actual, again, "bf16 cache");
        expectWithin(actual, expected, 0.02, "bf16 cache against float32");

        const bytes = [k, v].map((values) => {
          const codes = new Int8Array(values.length);
          const scales = new Float32Array(values.length / headSize);
          toInt8Rows(values, codes, scales);
          const wide = Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / headSize)]);
          return { codes, scales, wide };
        });
        const scaled = { ...shape, keyScales: bytes[0].scales, valueScales: bytes[1].scales };
        kernels.attentionDecode(q, bytes[0].codes, bytes[1].codes, actual, scaled);
        kernels.attentionDecode(q, bytes[0].wide, bytes[1].wide, again, shape);
        expectSame(actual, again, "int8 cache");
        expectWithin(actual, expected, 0.05, "int8 cache against float32");
      });

      it.each(["fp32", "bf16", "int8"] as const)("steps sequences of any length together, %s", (format) => {
        const random = new Random(12);
        for (const [headCount, keyValueHeadCount, headSize] of [
          [14, 2, 64],
          [3, 3, 20],
          [5, 1, 7],
        ]) {
          const shape = { headCount, keyValueHeadCount, headSize, scale: 1 / Math.sqrt(headSize) };
          const width = keyValueHeadCount * headSize;
          const lengths = [0, 1, 300, 255, 256, 5, 31, 600, 2, 17];
          const [count, queryWidth] = [lengths.length, headCount * headSize];
          const q = random.normals(count * queryWidth);
          const k = random.normals(count * width);
          const v = random.normals(count * width);
          const narrow = (values: Float32Array): { codes: CacheRows; scales: Float32Array | undefined } => {
            if (format === "fp32") return { codes: values, scales: undefined };
            if (format === "bf16") {
              const codes = new Uint16Array(values.length);
              toBf16(values, codes);
              return { codes, scales: undefined };
            }
            const codes = new Int8Array(values.length);
            const scales = new Float32Array(values.length / headSize);
            toInt8Rows(values, codes, scales);
            return { codes, scales };
          };
          // What each cache is to hold afterwards, and the same with the last row not yet written and room to spare.
          const full = lengths.map((length, s) => {
            const rows = (fresh: Float32Array): Float32Array => {
              const values = random.normals((length + 4) * width);
              values.set(fresh.subarray(s * width, (s + 1) * width), length * width);
              return values;
            };
            const [keys, values] = [narrow(rows(k)), narrow(rows(v))];
            return { keys, values, length };
          });
          const without = ({ codes, scales }: ReturnType<typeof narrow>, length: number) => ({
            codes: codes.slice().fill(0, length * width, (length + 1) * width),
            scales: scales?.slice().fill(0, length * keyValueHeadCount, (length + 1) * keyValueHeadCount),
          });
          const caches = full.map(({ keys, values, length }) => {
            const [before, valuesBefore] = [without(keys, length), without(values, length)];
            return {
              keys: before.codes,
              values: valuesBefore.codes,
              length,
              keyScales: before.scales,
              valueScales: valuesBefore.scales,
            };
          });
          const out = new Float32Array(q.length);
          kernels.attentionStep(q, k, v, caches, out, shape);
          for (const [s, { keys, values, length }] of full.entries()) {
            const cache = caches[s];
            for (const [actual, expected] of [
              [cache.keys, keys.codes],
              [cache.values, values.codes],
              [cache.keyScales ?? new Float32Array(), keys.scales ?? new Float32Array()],
              [cache.valueScales ?? new Float32Array(), values.scales ?? new Float32Array()],
            ]) {
              expect(Buffer.compare(bytesOf(actual), bytesOf(expected)), `cache of sequence ${s}`).toBe(0);
            }
            const alone = new Float32Array(queryWidth);
            kernels.attentionDecode(
              q.subarray(s * queryWidth, (s + 1) * queryWidth),
              keys.codes,
              values.codes,
              alone,
              { ...shape, length: length + 1, keyScales: keys.scales, valueScales: values.scales },
            );
            expectSame(out.subarray(s * queryWidth, (s + 1) * queryWidth), alone, `sequence ${s}`);
          }
        }
      });
    });

    it.each([
      [1, 1],
      [3, 7],
      [17, 64],
      [33, 129],
      [40, 896],
    ])("rmsNorm of %i rows of %i", (rows, width) => {
      const random = new Random(rows);
      const x = random.normals(rows * width, 3);
      const weight = random.normals(width);
      const dy = random.normals(rows * width);
      const [y, yExpected] = [new Float32Array(x.length), new Float32Array(x.length)];
      kernels.rmsNormForward(x, weight, y, 1e-6);
      rmsNormForward(x, weight, yExpected, 1e-6);
      expectWithin(
        y,
        yExpected,
        yExpected.map((value) => 1e-6 * Math.abs(value) + 1e-12),
      );
      const [dx, dxExpected] = [new Float32Array(x.length), new Float32Array(x.length)];
      const [dWeight, dWeightExpected] = [new Float32Array(width), new Float32Array(width)];
      kernels.rmsNormBackward(x, weight, dy, dx, dWeight, 1e-6);
      rmsNormBackward(x, weight, dy, dxExpected, dWeightExpected, 1e-6);
      // A single column has the gradient ε / …: all that is left of two equal numbers.
      expectWithin(dx, dxExpected, width === 1 ? 1e-5 : 2e-6, "dx");
      expectWithin(dWeight, dWeightExpected, 1e-5, "dWeight");
      const inPlace = dy.slice();
      kernels.rmsNormBackward(x, weight, inPlace, inPlace, null, 1e-6);
      expectSame(inPlace, dx);

      const { codes, widened } = inBf16(kernels, x);
      const [ofCodes, ofWidened] = [0, 1].map(() => [new Float32Array(x.length), new Float32Array(width)]);
      kernels.rmsNormBackward(codes, weight, dy, ofCodes[0], ofCodes[1], 1e-6);
      kernels.rmsNormBackward(widened, weight, dy, ofWidened[0], ofWidened[1], 1e-6);
      expectSame(ofCodes[0], ofWidened[0]);
      expectSame(ofCodes[1], ofWidened[1]);
    });

    it.each([
      [1, 1, 2],
      [5, 3, 6],
      [19, 14, 64],
      [2, 1, 34],
    ])("rotate %i rows of %i heads of %i, forth and back", (rows, heads, size) => {
      const random = new Random(rows);
      const x = random.normals(rows * heads * size);
      const angles = random.normals((rows * size) / 2, 5);
      const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];
      const [out, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
      kernels.rotate(x, out, cos, sin, heads, size, 1);
      rotate(x, expected, cos, sin, heads, size, 1);
      expectWithin(out, expected, 1e-6);
      kernels.rotate(out, out, cos, sin, heads, size, -1);
      expectWithin(out, x, 2e-6);
    });

    it.each([1, 15, 16, 1000, 16385, 40001])("elementwise kernels on %i elements", (length) => {
      const random = new Random(length);
      const a = random.normals(length, 4);
      const b = random.normals(length);
      const d = random.normals(length);
      const out = new Float32Array(length);
      const bounds = (values: Float32Array): Float32Array =>
        values.map((value) => 1e-6 * Math.abs(value) + 1e-12);

      kernels.add(a, b, out);
      expectSame(
        out,
        a.map((value, i) => value + b[i]),
      );
      kernels.multiply(a, b, out);
      expectSame(
        out,
        a.map((value, i) => value * b[i]),
      );
      kernels.scale(a, 0.3, out);
      expectSame(
        out,
        a.map((value) => value * Math.fround(0.3)),
      );
      out.set(b);
      kernels.addScaled(out, a, -2);
      expectWithin(
        out,
        a.map((value, i) => b[i] - 2 * value),
        2e-6,
        "addScaled",
      );

      const expected = new Float32Array(length);
      kernels.swigluForward(a, b, out);
      swigluForward(a, b, expected);
      expectWithin(out, expected, bounds(expected), "swiglu");
      const [dGate, dUp, dGateExpected, dUpExpected] = [0, 1, 2, 3].map(() => new Float32Array(length));
      kernels.swigluBackward(a, b, d, dGate, dUp);
      swigluBackward(a, b, d, dGateExpected, dUpExpected);
      expectWithin(dGate, dGateExpected, 4e-6, "dGate");
      expectWithin(dUp, dUpExpected, bounds(dUpExpected), "dUp");
      const [gate, up] = [a.slice(), b.slice()];
      kernels.swigluBackward(gate, up, d, gate, up);
      expectSame(gate, dGate);
      expectSame(up, dUp);

      const [keptGate, keptUp] = [a, b].map((values) => inBf16(kernels, values));
      const [ofCodes, ofWidened] = [0, 1].map(() => [new Float32Array(length), new Float32Array(length)]);
      kernels.swigluBackward(keptGate.codes, keptUp.codes, d, ofCodes[0], ofCodes[1]);
      kernels.swigluBackward(keptGate.widened, keptUp.widened, d, ofWidened[0], ofWidened[1]);
      expectSame(ofCodes[0], ofWidened[0]);
      expectSame(ofCodes[1], ofWidened[1]);
    });

    it.each([
      [1, 1],
      [3, 7],
      [40, 100],
      [2, 20_000],
    ])("rows of [%i, %i]: scaled, summed, in fewer bits", (rows, width) => {
      const random = new Random(rows);
      const x = random.normals(rows * width);
      const factors = random.normals(rows);
      const out = new Float32Array(x.length);
      kernels.scaleRows(x, factors, out);
      expectSame(
        out,
        x.map((value, i) => value * factors[Math.floor(i / width)]),
        "scaleRows",
      );
      const [sums, expectedSums] = [new Float32Array(width).fill(1), new Float64Array(width).fill(1)];
      x.forEach((value, i) => (expectedSums[i % width] += value));
      kernels.sumRows(x, sums, true);
      expectWithin(sums, expectedSums, 2e-5, "sumRows");
      kernels.sumRows(x, sums);
      expectWithin(
        sums,
        expectedSums.map((sum) => sum - 1),
        2e-5,
        "sumRows",
      );

      x.set([NaN, Infinity, -0, 1.00390625].slice(0, x.length)); // the last is half-way between two bfloat16
      const [codes, expectedCodes] = [new Uint16Array(x.length), new Uint16Array(x.length)];
      kernels.toBf16(x, codes);
      toBf16(x, expectedCodes);
      expect(Buffer.compare(Buffer.from(codes.buffer), Buffer.from(expectedCodes.buffer))).toBe(0);
      const wide = new Float32Array(x.length);
      kernels.fromBf16(codes, wide);
      fromBf16(codes, out);
      expectSame(wide, out, "fromBf16");

      const y = random.normals(rows * width).fill(0, 0, width);
      const [bytes, expectedBytes] = [new Int8Array(y.length), new Int8Array(y.length)];
      const [scales, expectedScales] = [new Float32Array(rows), new Float32Array(rows)];
      kernels.toInt8Rows(y, bytes, scales);
      toInt8Rows(y, expectedBytes, expectedScales);
      expect(Buffer.compare(Buffer.from(bytes.buffer), Buffer.from(expectedBytes.buffer))).toBe(0);
      expectSame(scales, expectedScales, "scales");
    });

    it("exponential is within 2 ulp from the smallest to the largest number, and exact at the ends", () => {
      const spread = Float32Array.from({ length: 200_001 }, (_, i) => -104 + (193 * i) / 200_000);
      const small = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) * 1e-6);
      for (const x of [spread, small]) {
        const out = new Float32Array(x.length);
        kernels.exponential(x, out);
        const expected = x.map(Math.exp);
        const ulps = expected.map((value) => Math.max(2 ** -149, Math.abs(value) * 2 ** -22));
        expectWithin(out, expected, ulps, "exponential");
      }
      const ends = Float32Array.of(-Infinity, Infinity, NaN, 0, -0, -1000, 1000, -103.9, 88.72283);
      const out = new Float32Array(ends.length);
      kernels.exponential(ends, out);
      expect([...out.subarray(0, 7)]).toEqual([0, Infinity, NaN, 1, 1, 0, Infinity]);
      expect(out[7]).toBe(Math.fround(Math.exp(Math.fround(-103.9))));
      expect(out[8]).toBeGreaterThan(3.4e38);
    });

    it.each([
      [1, 1],
      [1, 9],
      [64, 64],
      [67, 130],
      [8, 5],
    ])("transpose [%i, %i]", (rows, columns) => {
      const x = new Random(1).normals(rows * columns);
      const [out, expected] = [new Float32Array(x.length), new Float32Array(x.length)];
      kernels.transpose(x, out, rows, columns);
      transpose(x, expected, rows, columns);
      expectSame(out, expected);
    });

    const likeliest = (logits: Float32Array): [native: number, expected: number] => {
      const ids = [new Int32Array(1), new Int32Array(1)];
      kernels.sampleRows(logits, Float64Array.of(0, 0, 1, 0), ids[0]);
      sampleRows(logits, Float64Array.of(0, 0, 1, 0), ids[1]);
      return [ids[0][0], ids[1][0]];
    };

    it("takes the first of the likeliest tokens, and names a logit that is not finite", () => {
      for (const length of [1, 2, 15, 16, 17, 64, 1000, 4867]) {
        const logits = new Random(length).normals(length);
        const [own, reference] = likeliest(logits);
        expect(own).toBe(reference);
        for (const place of [0, length >> 1, length - 1]) {
          for (const value of [100, Infinity, -Infinity, NaN]) {
            const changed = logits.slice();
            changed[place] = changed[length - 1] = value;
            const [id, expected] = likeliest(changed);
            expect(id, `${value} at ${place} of ${length}`).toBe(expected);
          }
        }
        expect(likeliest(logits.fill(-Infinity))).toEqual([-1, -1]);
      }
    });

    it("draws the tokens of the reference, whatever is cut off, with ties and with tails of no weight", () => {
      const random = new Random(83);
      for (let round = 0; round < 400; round++) {
        const rows = random.integer(1, 9);
        const vocabulary = random.pick([1, 2, 7, 8, 33, 512, 1000, 4867, 32000]);
        const logits = random.normals(rows * vocabulary, random.pick([0.1, 3, 500]));
        if (random.next() < 0.4) logits.forEach((logit, id) => (logits[id] = Math.round(logit)));
        if (random.next() < 0.3) for (let id = 0; id < logits.length; id += 3) logits[id] = -Infinity;
        const choices = Float64Array.from({ length: rows * 4 }, (_, index) => {
          if (index % 4 === 0) return random.pick([0, 1e-3, 0.7, 1, 5]);
          if (index % 4 === 1) return random.pick([0, 0, 1, 2, 20, 50, 300, vocabulary - 1, vocabulary + 5]);
          return index % 4 === 2
            ? random.pick([1, 1, 0.95, 0.5, 1e-9])
            : random.pick([0, random.next(), 1 - 2 ** -32]);
        });
        const [own, reference] = [new Int32Array(rows), new Int32Array(rows)];
        const before = logits.slice();
        kernels.sampleRows(logits, choices, own);
        sampleRows(logits, choices, reference);
        expect(own, `round ${round}, seed ${random.seed}`).toEqual(reference);
        expectSame(logits, before);
      }
    });

    it.each(["fp32", "bf16", "fp16"] as const)("packs weights in %s to 8 bits, bit for bit", (format) => {
      for (const [rows, columns] of [
        [1, 1],
        [3, 37],
        [40, 896],
        [7, 4867],
      ]) {
        const source = new Random(rows).weights(format, [rows, columns]);
        // A row of zeros, and one whose smallest steps are ties.
        if (rows > 2) source.codes.fill(0, 0, columns);
        if (format === "fp32" && rows > 2) {
          for (let c = 0; c < columns; c++) source.codes[columns + c] = (c % 255) - 127 + (c % 2) / 2;
          source.codes[2 * columns] = 127 * 2 ** -140; // a scale below the normal numbers
          source.codes.fill(0, 2 * columns + 1, 3 * columns);
        }
        expectPacked(source);
      }
      const spoilt = new Random(5).weights(format, [4, 20]);
      const [nan, infinity] = { fp32: [NaN, Infinity], bf16: [0x7fc0, 0x7f80], fp16: [0x7e00, 0x7c00] }[
        format
      ];
      spoilt.codes[25] = nan;
      spoilt.codes[79] = infinity;
      const [codes, scales] = [new Int8Array(80), new Float32Array(4)];
      kernels.toInt8Weights(spoilt, codes, scales);
      expect([...scales].map(Number.isNaN)).toEqual([false, true, false, true]);
    });

    it("widens 8-bit floats with a scale a block, bit for bit", () => {
      const random = new Random(8);
      // Every number there is, under scales that make of it what bfloat16 has no bits for, and what it has none so small for.
      for (const [rows, columns, firstRow] of [
        [1, 256, 0],
        [2, 1, 127],
        [130, 131, 0],
        [131, 387, 120],
        [700, 300, 513],
      ]) {
        const codes = Uint8Array.from({ length: rows * columns }, (_, i) =>
          i < 256 ? i : random.integer(0, 255),
        );
        const blocks = Math.ceil((firstRow + rows) / 128) * Math.ceil(columns / 128);
        const scales = Float32Array.from(random.normals(blocks), (scale, i) =>
          i % 3 === 1 ? scale * 2 ** -122 : i % 5 === 1 ? scale * 2 ** 120 : scale,
        );
        const [own, reference] = [new Uint16Array(codes.length), new Uint16Array(codes.length)];
        kernels.fromFp8Blocks(codes, columns, firstRow, scales, own);
        fromFp8Blocks(codes, columns, firstRow, scales, reference);
        const bytesOf = (halves: Uint16Array): Uint8Array => new Uint8Array(halves.buffer);
        expect(Buffer.compare(bytesOf(own), bytesOf(reference)), `[${rows}, ${columns}]`).toBe(0);
      }
    });

    function expectPacked(source: WeightMatrix): void {
      const [rows, columns] = source.shape;
      const [codes, scales] = [new Int8Array(rows * columns), new Float32Array(rows)];
      kernels.toInt8Weights(source, codes, scales);
      for (let row = 0; row < rows; row++) {
        const values = widenWeights(source, row, row + 1);
        const expected = new Int8Array(columns);
        int8Codes(values, int8Scale(values), expected);
        expect(scales[row]).toBe(Math.fround(int8Scale(values)));
        expect(codes.subarray(row * columns, (row + 1) * columns)).toEqual(expected);
      }
    }

    it.each(FORMATS)("gathers rows of %s and adds rows up", (format) => {
      const random = new Random(3);
      const table = random.weights(format, [23, 37]);
      const ids = random.ids(50, 23);
      const [out, expected] = [new Float32Array(50 * 37), new Float32Array(50 * 37)];
      kernels.gatherRows(table, ids, out);
      gatherRows(widenWeights(table), ids, expected, 37);
      expectSame(out, expected);
      const sums = new Float32Array(23 * 37).fill(1);
      kernels.scatterAddRows(expected, ids, sums, 37);
      const expectedSums = new Float32Array(23 * 37).fill(1);
      for (let i = 0; i < expected.length; i++)
        expectedSums[ids[Math.floor(i / 37)] * 37 + (i % 37)] += expected[i];
      expectSame(sums, expectedSums);
    });

    it.each([
      [1, 0.1],
      [31, 0.5],
      [16_390, 0.1],
      [70_001, 0.999999],
      [64, 0],
    ])("dropout of %i elements at rate %f has the bits of dropoutMask", (length, rate) => {
      const x = new Random(1).normals(length);
      const mask = new Float32Array(length);
      dropoutMask(mask, [0xdeadbeef, 12345], rate);
      const out = new Float32Array(length);
      kernels.dropout(x, out, 0xdeadbeef, 12345, rate);
      expectSame(
        out,
        x.map((value, i) => value * mask[i]),
      );
      const inPlace = x.slice();
      kernels.dropout(inPlace, inPlace, 0xdeadbeef, 12345, rate);
      expectSame(inPlace, out);
    });

    it.each([
      [1, 1],
      [3, 5],
      [9, 64],
      [4, 2049],
      [2, 10_007],
    ])("cross-entropy of %i rows of %i logits", (rows, vocabulary) => {
      const random = new Random(rows);
      const logits = random.normals(rows * vocabulary, 6);
      const targets = random.ids(rows, vocabulary);
      const [losses, expectedLosses] = [new Float32Array(rows), new Float32Array(rows)];
      const [gradient, expectedGradient] = [new Float32Array(logits.length), new Float32Array(logits.length)];
      kernels.crossEntropyRows(logits, targets, losses, gradient, 0.25);
      crossEntropyRows(logits, targets, expectedLosses, expectedGradient, 0.25);
      expectWithin(
        losses,
        expectedLosses,
        expectedLosses.map((loss) => 1e-6 + 2e-7 * loss),
        "losses",
      );
      expectWithin(gradient, expectedGradient, 1e-6, "gradient");
      const only = new Float32Array(rows);
      kernels.crossEntropyRows(logits, targets, only, null, 1);
      expectSame(only, losses);
      const inPlace = logits.slice();
      kernels.crossEntropyRows(inPlace, targets, only, inPlace, 0.25);
      expectSame(inPlace, gradient);
    });

    it("cross-entropy of logits far apart, infinite or not a number", () => {
      const losses = new Float32Array(3);
      const logits = Float32Array.of(1e30, -1e30, 0, -Infinity, 0, 0, NaN, 0, 0);
      const gradient = new Float32Array(9);
      kernels.crossEntropyRows(logits, Int32Array.of(0, 1, 1), losses, gradient, 1);
      expect([...losses]).toEqual([0, Math.fround(Math.log(2)), NaN]);
      expect([...gradient.subarray(0, 6)]).toEqual([0, 0, 0, 0, -0.5, 0.5]);
      expect(gradient.subarray(6).every(Number.isNaN)).toBe(true);
    });

    it("AdamW over several tensors for several steps", () => {
      const random = new Random(4);
      const tensors = [1, 100, 20_000].map((length) => ({
        parameter: random.normals(length),
        gradient: random.normals(length),
        first: new Float32Array(length),
        second: new Float32Array(length),
      }));
      const copy = tensors.map(({ parameter, gradient, first, second }) => ({
        parameter: parameter.slice(),
        gradient: gradient.slice(),
        first: first.slice(),
        second: second.slice(),
      }));
      const config = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
      for (let step = 1; step <= 5; step++) {
        kernels.adamW(tensors, { ...config, step, gradientScale: 0.7 });
        adamW(copy, { ...config, step, gradientScale: 0.7 });
      }
      for (const [index, { parameter, first, second }] of tensors.entries()) {
        // Two roundings of the parameter a step.
        const bounds = parameter.map((value) => 10 * ROUNDING * Math.abs(value) + 1e-9);
        expectWithin(parameter, copy[index].parameter, bounds, "parameter");
        expectWithin(first, copy[index].first, 1e-6, "first");
        expectWithin(second, copy[index].second, 1e-6, "second");
      }
    });

    it("sum of squares", () => {
      const random = new Random(6);
      const tensors = [0, 1, 9000, 33].map((length) => random.normals(length));
      const expected = sumOfSquares(tensors);
      expect(Math.abs(kernels.sumOfSquares(tensors) / expected - 1)).toBeLessThan(1e-6);
      expect(kernels.sumOfSquares([])).toBe(0);
    });
  },
);

describe.skipIf(missing !== null)("the same bits for 1, 2 and 5 threads", () => {
  let initial = 1;
  beforeAll(() => {
    initial = nativeLevels()[0].threads();
    return () => nativeLevels()[0].setThreads(initial);
  });

  /** Runs with each number of threads and compares all outputs. */
  const compare = (kernels: NativeKernels, run: () => readonly Float32Array[]): void => {
    kernels.setThreads(1);
    const expected = run();
    for (const threads of [2, 5]) {
      kernels.setThreads(threads);
      expect(kernels.threads()).toBe(threads);
      for (let repeat = 0; repeat < 3; repeat++) {
        for (const [index, output] of run().entries()) expectSame(output, expected[index], `output ${index}`);
      }
    }
  };

  it.each(nativeLevels().map((kernels) => [kernels.level, kernels] as const))("%s", (_level, kernels) => {
    const random = new Random(9);
    const weight = random.weights("int8", [300, 500]);
    const x = random.normals(130 * 500);
    const dy = random.normals(130 * 300);
    compare(kernels, () => {
      const [y, dx] = [new Float32Array(130 * 300), new Float32Array(130 * 500)];
      kernels.linear(x, weight, null, y);
      kernels.linearInputGradient(dy, weight, dx);
      const dA = new Float32Array(16 * 500);
      kernels.gemm(dy.subarray(0, 130 * 16), x, dA, { m: 16, n: 500, k: 130, transposeA: true });
      return [y, dx, dA];
    });

    const shape: NativeAttentionShape = {
      headCount: 6,
      keyValueHeadCount: 1,
      headSize: 40,
      scale: 0.2,
      querySegments: Int32Array.of(0, 90, 150),
      keySegments: Int32Array.of(0, 100, 170),
    };
    const [q, k, v, dOut] = [150 * 240, 170 * 40, 170 * 40, 150 * 240].map((length) =>
      random.normals(length),
    );
    compare(kernels, () => {
      const [out, lse, dq] = [
        new Float32Array(q.length),
        new Float32Array(150 * 6),
        new Float32Array(q.length),
      ];
      const [dk, dv] = [new Float32Array(k.length), new Float32Array(k.length)];
      kernels.attentionForward(q, k, v, out, lse, shape);
      kernels.attentionBackward(q, k, v, out, lse, dOut, dq, dk, dv, shape);
      return [out, lse, dq, dk, dv];
    });

    const several = [900, 40, 41].map((outputs) => ({
      weight: random.weights(random.pick(FORMATS), [outputs, 500]),
      lowRank: { left: random.normals(3 * 4), right: random.normals(outputs * 4), rank: 4, scale: 0.5 },
    }));
    compare(kernels, () => {
      const outputs = several.map((given) => ({
        ...given,
        bias: null,
        y: new Float32Array(3 * given.weight.shape[0]),
      }));
      kernels.linearMany(x.subarray(0, 1500), outputs);
      return outputs.map(({ y }) => y);
    });

    const past = [0, 40, 700].map((length) => ({
      bytes: Int8Array.from(random.normals((length + 1) * 40), (value) => 30 * value),
      length,
    }));
    compare(kernels, () => {
      const caches = past.map(({ bytes, length }) => {
        const scales = new Float32Array(length + 1).fill(0.03);
        return {
          keys: bytes.slice(),
          values: bytes.slice(),
          length,
          keyScales: scales,
          valueScales: scales.slice(),
        };
      });
      const out = new Float32Array(3 * 240);
      kernels.attentionStep(q.subarray(0, 720), k.subarray(0, 120), v.subarray(0, 120), caches, out, shape);
      return [out];
    });

    const norm = random.normals(500);
    compare(kernels, () => {
      const [dx, dWeight] = [new Float32Array(x.length), new Float32Array(500)];
      kernels.rmsNormBackward(x, norm, x, dx, dWeight, 1e-5);
      const losses = new Float32Array(130);
      const gradient = new Float32Array(x.length);
      kernels.crossEntropyRows(x, random.ids(130, 1), losses, gradient, 1);
      return [dx, dWeight, losses, gradient, Float32Array.of(kernels.sumOfSquares([x, dy]))];
    });
  });
});
