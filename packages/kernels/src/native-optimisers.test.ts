/** Native steps of optimisers beside their references, on random tensors, on every level that runs here. */
import { afterAll, describe, expect, it } from "vitest";
import { adafactor } from "./adafactor.js";
import { adamW } from "./adamw.js";
import { adamW8bit } from "./adamw-8bit.js";
import type { AdafactorTensor, AdamW8bitTensor, NativeKernels } from "./native-kernels.js";
import { emptyMoment, MOMENT_BLOCK, momentCodes, type PackedMoment } from "./packed-moment.js";
import { expectSame, expectWithin, nativeLevels, nativeMissing, Random } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 81);
const missing = nativeMissing();
if (missing !== null) it.skip(`native kernels are not there: ${missing}`, () => {});

const ROUNDING = 2 ** -23; // of one float32 operation, relative
const levels = nativeLevels().map((kernels) => [kernels.level, kernels] as const);
const initial = levels[0]?.[1].threads() ?? 1;
afterAll(() => {
  for (const [, kernels] of levels) kernels.setThreads(initial);
});

/** Gradients of sizes that differ, zeros among them. */
function gradients(random: Random, length: number): Float32Array {
  const size = 10 ** random.integer(-9, 2);
  return random
    .normals(length)
    .map((value) => (random.next() < 0.1 ? 0 : value * size * 10 ** -random.integer(0, 4)));
}

const copyOf = ({ codes, scales }: PackedMoment): PackedMoment => ({
  codes: codes.slice(),
  scales: scales.slice(),
});

const packedTensor = (random: Random, length: number): AdamW8bitTensor => ({
  parameter: random.normals(length),
  gradient: gradients(random, length),
  first: emptyMoment(length, "first"),
  second: emptyMoment(length, "second"),
});

const copyOfPacked = (tensor: AdamW8bitTensor): AdamW8bitTensor => ({
  parameter: tensor.parameter.slice(),
  gradient: tensor.gradient,
  first: copyOf(tensor.first),
  second: copyOf(tensor.second),
});

/** A moment as numbers. */
function widen({ codes, scales }: PackedMoment, which: "first" | "second"): Float32Array {
  return Float32Array.from(
    codes,
    (code, i) => scales[Math.floor(i / MOMENT_BLOCK)] * momentCodes[which].values[code],
  );
}

/**
 * Every number is stored as a nearest one over the largest of its block; of second moments what is above 0 as such.
 * @param terms magnitudes of what each number is the sum of, to which its rounding belongs
 */
function expectNearest(
  packed: PackedMoment,
  moment: Float32Array,
  terms: Float32Array,
  which: "first" | "second",
): void {
  const { values } = momentCodes[which];
  packed.scales.forEach((scale, block) => {
    const start = block * MOMENT_BLOCK;
    const own = moment.subarray(start, start + MOMENT_BLOCK);
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off =
      4 * ROUNDING * terms.subarray(start, start + MOMENT_BLOCK).reduce((a, b) => Math.max(a, b), 0);
    expectWithin([scale], [largest], off, `${which} scale ${block}`);
    own.forEach((value, k) => {
      const code = packed.codes[start + k];
      const x = largest === 0 ? 0 : value / largest;
      if (which === "second" && code === 1 && x < values[1] && value > 0) return;
      const nearest = values.reduce((least, one) => Math.min(least, Math.abs(one - x)), Infinity);
      const allowed =
        largest === 0
          ? 0
          : (4 * ROUNDING * terms[start + k]) / largest + Math.abs(x) * (off / largest + ROUNDING);
      const isStored = which === "first" || code > 0 === value > 0;
      if (isStored && Math.abs(values[code] - x) <= nearest + allowed) return;
      expect.fail(
        `${which} ${start + k}: ${x} is stored as ${values[code]}, the nearest is ${nearest} from it`,
      );
    });
  });
}

const constants = { learningRate: 3e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };

describe.skipIf(missing !== null).each(levels)(
  `adamW8bit on %s (seed ${SEED})`,
  (_level, kernels: NativeKernels) => {
    it("takes the reference's steps and stores the moments that AdamW has, whatever the lengths", () => {
      const random = new Random(SEED);
      for (let round = 0; round < 12; round++) {
        const length = [1, 3, MOMENT_BLOCK, MOMENT_BLOCK + 1, 8192, 8193][round] ?? random.integer(1, 20_000);
        const tensor = packedTensor(random, length);
        const scale = random.pick([undefined, 0.37]);
        for (let step = 1; step <= 4; step++) {
          const given = { ...tensor, gradient: gradients(random, length) };
          const right = copyOfPacked(given);
          const widened = { first: widen(given.first, "first"), second: widen(given.second, "second") };
          const plain = {
            parameter: given.parameter.slice(),
            gradient: given.gradient,
            first: widened.first.slice(),
            second: widened.second.slice(),
          };
          const settings = { ...constants, step, gradientScale: scale };
          const before = given.parameter.slice();
          kernels.adamW8bit([given], settings, momentCodes);
          adamW8bit([right], settings);
          adamW([plain], settings);
          const what = `round ${round}, ${length} elements, step ${step}, seed ${SEED}`;
          const g = given.gradient.map((value) => Math.abs(value) * (scale ?? 1));
          const terms = {
            first: widened.first.map((value, i) => 0.9 * Math.abs(value) + 0.1 * g[i]),
            second: widened.second.map((value, i) => 0.99 * value + 0.01 * g[i] ** 2),
          };
          // Some roundings of what the update is the sum of, and two of the parameter.
          const bounds = right.parameter.map((value, i) => {
            const root = Math.sqrt(plain.second[i] / (1 - 0.99 ** step)) + 1e-8;
            const update = (3e-3 / (1 - 0.9 ** step)) * (terms.first[i] / root);
            return ROUNDING * (16 * update + 4 * Math.max(Math.abs(value), Math.abs(before[i])));
          });
          expectWithin(given.parameter, right.parameter, bounds, what);
          expectNearest(given.first, plain.first, terms.first, "first");
          expectNearest(given.second, plain.second, terms.second, "second");
          // Where both are the nearest, they are the same but for numbers in the very middle.
          for (const which of ["first", "second"] as const) {
            const differing = given[which].codes.filter((code, i) => code !== right[which].codes[i]).length;
            expect(differing / length, `${what}: ${which} codes that differ`).toBeLessThan(0.001);
          }
        }
      }
    });

    it("gives many tensors, an empty one among them, the bits that each has alone, with any number of threads", () => {
      const random = new Random(SEED + 1);
      const tensors = [0, 5, 300, 70_000, 1].map((length) => packedTensor(random, length));
      const run = (threads: number, together: boolean): AdamW8bitTensor[] => {
        kernels.setThreads(threads);
        const copies = tensors.map(copyOfPacked);
        for (let step = 1; step <= 3; step++) {
          const settings = { ...constants, step };
          if (together) kernels.adamW8bit(copies, settings, momentCodes);
          else for (const copy of copies) kernels.adamW8bit([copy], settings, momentCodes);
        }
        return copies;
      };
      const alone = run(1, false);
      for (const threads of [1, 2, 5]) {
        run(threads, true).forEach((tensor, i) => {
          expectSame(tensor.parameter, alone[i].parameter, `tensor ${i} with ${threads} threads`);
          for (const which of ["first", "second"] as const) {
            expectSame(tensor[which].scales, alone[i][which].scales);
            expect(Buffer.compare(tensor[which].codes, alone[i][which].codes)).toBe(0);
          }
        });
      }
    });

    it("has the bits of every other level", () => {
      const [, portable] = levels.find(([level]) => level === "portable") ?? levels[0];
      const outcomes = [kernels, portable].map((used) => {
        const tensor = packedTensor(new Random(SEED + 2), 3001);
        for (let step = 1; step <= 3; step++) used.adamW8bit([tensor], { ...constants, step }, momentCodes);
        return tensor;
      });
      expectSame(outcomes[0].parameter, outcomes[1].parameter);
      expect(Buffer.compare(outcomes[0].first.codes, outcomes[1].first.codes)).toBe(0);
      expect(Buffer.compare(outcomes[0].second.codes, outcomes[1].second.codes)).toBe(0);
    });

    it("leaves no number where a gradient is not one, in its block only", () => {
      const random = new Random(SEED + 3);
      const tensor = packedTensor(random, 2 * MOMENT_BLOCK);
      tensor.gradient[3] = NaN;
      kernels.adamW8bit([tensor], { ...constants, step: 1 }, momentCodes);
      expect(tensor.parameter[3]).toBeNaN();
      expect([...tensor.parameter].filter(Number.isNaN)).toHaveLength(1);
      for (const { scales } of [tensor.first, tensor.second]) {
        expect(scales[0]).toBeNaN();
        expect(scales[1]).toBeGreaterThan(0);
      }
    });
  },
);

/** @param shape [matrices, rows, columns], or [length] */
function factoredTensor(random: Random, shape: readonly number[]): AdafactorTensor {
  const length = shape.reduce((product, size) => product * size, 1);
  const [matrices, rows, columns] = shape.length === 3 ? shape : [1, 1, length];
  return {
    parameter: random.normals(length),
    gradient: gradients(random, length),
    matrices,
    rowMoments: shape.length === 3 ? new Float32Array(matrices * rows) : null,
    columnMoments: new Float32Array(matrices * columns),
  };
}

const copyOfFactored = (tensor: AdafactorTensor): AdafactorTensor => ({
  parameter: tensor.parameter.slice(),
  gradient: tensor.gradient,
  matrices: tensor.matrices,
  rowMoments: tensor.rowMoments && tensor.rowMoments.slice(),
  columnMoments: tensor.columnMoments.slice(),
});

/** A float32 sum of so many numbers above 0 in four lanes, which is added to others in float64. */
const SUM = (512 / 4) * (ROUNDING / 2);

describe.skipIf(missing !== null).each(levels)(
  `adafactor on %s (seed ${SEED})`,
  (_level, kernels: NativeKernels) => {
    it("takes the reference's steps, whatever the shape", () => {
      const random = new Random(SEED);
      const shapes = [
        ...[
          [1],
          [9],
          [8193],
          [1, 1, 1],
          [1, 1, 700],
          [1, 700, 1],
          [1, 5000, 8],
          [1, 8, 5000],
          [1, 1025, 513],
        ],
        ...[
          [3, 40, 50],
          [70, 2, 3],
          [1, 700, 300],
        ],
        ...Array.from({ length: 8 }, () => [
          random.integer(1, 3),
          random.integer(1, 200),
          random.integer(1, 200),
        ]),
      ];
      for (const shape of shapes) {
        const tensor = factoredTensor(random, shape);
        const scale = random.pick([undefined, 0.37]);
        for (let step = 1; step <= 3; step++) {
          const given = { ...tensor, gradient: gradients(random, tensor.parameter.length) };
          const right = copyOfFactored(given);
          const settings = {
            learningRate: 1e-2,
            weightDecay: random.pick([0, 0.1]),
            kept: 1 - step ** -0.8,
            gradientScale: scale,
          };
          const before = given.parameter.slice();
          kernels.adafactor([given], settings);
          adafactor([right], settings);
          const what = `[${shape.join(", ")}] step ${step}, seed ${SEED}`;
          const near = (value: number): number => (SUM + 4 * ROUNDING) * value;
          expectWithin(given.columnMoments, right.columnMoments, right.columnMoments.map(near), what);
          if (given.rowMoments !== null) {
            expectWithin(given.rowMoments, right.rowMoments!, right.rowMoments!.map(near), what);
          }
          const bounds = right.parameter.map(
            (value, i) =>
              (3 * SUM + 16 * ROUNDING) * Math.abs(value - before[i]) +
              4 * ROUNDING * Math.max(Math.abs(value), Math.abs(before[i])),
          );
          expectWithin(given.parameter, right.parameter, bounds, what);
        }
      }
    });

    it("gives many tensors the bits that each has alone, with any number of threads", () => {
      const random = new Random(SEED + 1);
      const shapes = [[1, 600, 400], [1, 0, 4], [0], [20], [2, 300, 200], [1, 4, 8], [100_000]];
      const tensors = shapes.map((shape) => factoredTensor(random, shape));
      const run = (threads: number, together: boolean): AdafactorTensor[] => {
        kernels.setThreads(threads);
        const copies = tensors.map(copyOfFactored);
        for (let step = 1; step <= 3; step++) {
          const settings = { learningRate: 1e-2, weightDecay: 0.1, kept: 1 - step ** -0.8 };
          if (together) kernels.adafactor(copies, settings);
          else for (const copy of copies) kernels.adafactor([copy], settings);
        }
        return copies;
      };
      const alone = run(1, false);
      for (const threads of [1, 2, 5]) {
        run(threads, true).forEach((tensor, i) => {
          expectSame(tensor.parameter, alone[i].parameter, `tensor ${i} with ${threads} threads`);
          expectSame(tensor.columnMoments, alone[i].columnMoments);
          if (tensor.rowMoments) expectSame(tensor.rowMoments, alone[i].rowMoments!);
        });
      }
    });

    it("only decays what has gradients of zero", () => {
      for (const shape of [[1, 3, 5], [7]]) {
        const tensor = factoredTensor(new Random(SEED), shape);
        tensor.gradient.fill(0);
        const before = tensor.parameter.slice();
        kernels.adafactor([tensor], { learningRate: 0.5, weightDecay: 0.5, kept: 0 });
        expectWithin(
          tensor.parameter,
          before.map((value) => 0.75 * value),
          1e-6,
        );
      }
    });
  },
);
