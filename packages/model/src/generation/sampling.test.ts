import { threefry2x32 } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";
import {
  checkSampling,
  type Draw,
  sampleTokens,
  samplingDefaults,
  type SamplingOptions,
} from "./sampling.js";

const none: ReadonlySet<number> = new Set();
const sampling = (options: Partial<SamplingOptions>): SamplingOptions => ({
  ...samplingDefaults,
  temperature: 1,
  ...options,
});

/** The token of one row. @throws NonFiniteLogitsError */
function sampleToken(
  logits: Float32Array,
  seen: ReadonlySet<number>,
  options: SamplingOptions,
  draw: Draw,
): number {
  const [outcome] = sampleTokens(logits, [{ seen, sampling: options, draw }]);
  if (outcome instanceof NonFiniteLogitsError) throw outcome;
  return outcome;
}

/** Logits between −range / 2 and range / 2. */
function randomLogits(length: number, seed: number, range = 8): Float32Array {
  return Float32Array.from(
    { length },
    (_, id) => (threefry2x32([seed, 0], [id, 0])[0] / 2 ** 32 - 0.5) * range,
  );
}

/** How often each token comes in a number of draws. */
function frequencies(logits: Float32Array, options: Partial<SamplingOptions>, draws: number): number[] {
  const counts = Array.from(logits, () => 0);
  for (let step = 0; step < draws; step++)
    counts[sampleToken(logits.slice(), none, sampling(options), [0, step])]++;
  return counts;
}

const drawn = (logits: number[], options: Partial<SamplingOptions>, draws = 400): number[] =>
  frequencies(Float32Array.from(logits), options, draws).flatMap((count, id) => (count > 0 ? [id] : []));

/** The probabilities of the tokens that top-k and top-p leave, by the definition: sorted as a whole. */
function expectedProbabilities(logits: Float32Array, { temperature, topK, topP }: SamplingOptions): number[] {
  const largest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const order = weights.map((_, id) => id).sort((a, b) => logits[b] - logits[a] || a - b);
  const first = topK > 0 ? order.slice(0, topK) : order;
  const mass = first.reduce((sum, id) => sum + weights[id], 0);
  const kept = new Set<number>();
  let sum = 0;
  for (const id of first) {
    if (topP < 1 && sum >= topP * mass) break;
    kept.add(id);
    sum += weights[id];
  }
  return weights.map((weight, id) => (kept.has(id) ? weight / sum : 0));
}

describe("greedy", () => {
  it("takes the likeliest token, of equals the first", () => {
    const greedy = sampling({ temperature: 0, topK: 2, topP: 0.1 });
    expect(sampleToken(Float32Array.of(-3, 5, 2, 5), none, greedy, [0, 0])).toBe(1);
    expect(sampleToken(Float32Array.of(-3, -2), none, greedy, [0, 0])).toBe(1);
  });

  it("is what topK 1 gives at any temperature", () => {
    for (let seed = 0; seed < 50; seed++) {
      const logits = randomLogits(100, seed);
      logits[60] = logits[30]; // a tie, sometimes the largest
      if (seed % 2 === 0) logits[60] = logits[30] = 100;
      const greedy = sampleToken(logits.slice(), none, sampling({ temperature: 0 }), [0, 0]);
      const options = sampling({ topK: 1, temperature: 5, seed });
      expect(sampleToken(logits.slice(), none, options, [0, seed]), `seed ${seed}`).toBe(greedy);
    }
  });
});

describe("sampling", () => {
  it.each([
    ["all", {}],
    ["a higher temperature", { temperature: 2 }],
    ["topK", { topK: 5 }],
    ["topP", { topP: 0.8 }],
    ["topK and topP", { topK: 6, topP: 0.7 }],
    ["topK of the whole vocabulary", { topK: 12 }],
  ])("draws with the probabilities of softmax: %s", (_name, options) => {
    const logits = randomLogits(12, 3, 4);
    const draws = 20_000;
    const counts = frequencies(logits, { ...options, seed: 11 }, draws);
    const probabilities = expectedProbabilities(logits, sampling(options));
    let chiSquare = 0;
    for (const [id, probability] of probabilities.entries()) {
      if (probability === 0) expect(counts[id]).toBe(0);
      else chiSquare += (counts[id] - draws * probability) ** 2 / (draws * probability);
    }
    // 31.26: exceeded once in a thousand seeds with the 11 degrees of freedom of 12 tokens, less often with fewer.
    expect(chiSquare).toBeLessThan(31.26);
  });

  it("keeps the tokens that the definition keeps, with ties and with tails of weight 0", () => {
    for (let seed = 0; seed < 200; seed++) {
      const length = 1 + (seed % 40);
      // Every second vocabulary has few distinct logits, every third spans more than exp can hold.
      const logits = randomLogits(length, seed, seed % 3 === 0 ? 3000 : 6).map((logit) =>
        seed % 2 === 0 ? Math.round(logit) : logit,
      );
      const options = sampling({
        topK: seed % 5 === 0 ? 0 : 1 + (seed % 17),
        topP: seed % 4 === 0 ? 1 : 0.05 + (seed % 19) * 0.05,
      });
      const probabilities = expectedProbabilities(logits, options);
      for (let step = 0; step < 60; step++) {
        const id = sampleToken(logits.slice(), none, options, [seed, step]);
        expect(probabilities[id], `seed ${seed}, step ${step}, token ${id}`).toBeGreaterThan(0);
      }
    }
  });

  it("cuts ties at the edge by id, so that no more than topK tokens stay", () => {
    expect(drawn([1, 2, 1, 1, 2, 1], { topK: 4 })).toEqual([0, 1, 2, 4]);
  });

  it("cuts flat logits by id", () => {
    const flat = Array.from({ length: 10 }, () => 0.25);
    expect(drawn(flat, { topP: 0.5 })).toEqual([0, 1, 2, 3, 4]);
    expect(drawn(flat, { topK: 3 })).toEqual([0, 1, 2]);
    expect(drawn(flat, { topK: 4, topP: 0.5 })).toEqual([0, 1]);
    expect(drawn(flat, {})).toHaveLength(10);
  });

  it("keeps the token that crosses topP, and one at least", () => {
    const logits = [0.5, 0.3, 0.2].map(Math.log);
    expect(drawn(logits, { topP: 0.49 })).toEqual([0]);
    expect(drawn(logits, { topP: 0.51 })).toEqual([0, 1]);
    expect(drawn(logits, { topP: 0.81 })).toEqual([0, 1, 2]);
    expect(drawn(logits, { topP: 1e-300 })).toEqual([0]);
  });

  it("leaves topK alone with topP 1, and takes any topK", () => {
    const logits = [3, 1, 2, 0];
    expect(drawn(logits, { topK: 2, topP: 1, temperature: 10 })).toEqual([0, 2]);
    expect(drawn(logits, { topK: 1000, topP: 1, temperature: 10 })).toEqual([0, 1, 2, 3]);
  });

  it("applies topP to what topK left", () => {
    // Of all, the first holds 0.4 and is not enough; of the two that topK leaves it holds 2/3.
    const logits = [0.4, 0.2, 0.2, 0.2].map(Math.log);
    expect(drawn(logits, { topK: 2, topP: 0.6 })).toEqual([0]);
  });

  it("is the same for the same seed and draw, and differs in every part of them", () => {
    const logits = randomLogits(1000, 1, 1);
    const at = (seed: number, sequence: number): number[] =>
      Array.from({ length: 20 }, (_, step) =>
        sampleToken(logits.slice(), none, sampling({ seed }), [sequence, step]),
      );
    const base = at(5, 0);
    expect(at(5, 0)).toEqual(base);
    expect(new Set(base).size).toBeGreaterThan(10);
    expect(at(6, 0)).not.toEqual(base);
    expect(at(5, 1)).not.toEqual(base);
    expect(at(5 + 2 ** 32, 0)).not.toEqual(base);
    expect(at(5 + 2 ** 32, 0)).not.toEqual(at(5 + 2 ** 33, 0));
    expect(at(5 + 2 ** 32, 0)).toEqual(at(5 + 2 ** 32, 0));
  });
});

it("gives each of several rows the token that it has alone, and those that fail their own error", () => {
  const rows = Array.from({ length: 7 }, (_, row) => ({
    seen: new Set([row, 2 * row]),
    sampling: sampling({
      temperature: row % 3,
      topK: (row % 4) * 5,
      topP: row % 2 ? 0.9 : 1,
      seed: row,
      repetitionPenalty: 1 + row / 10,
    }),
    draw: [row, 3] as const,
  }));
  const logits = rows.map((_, row) => randomLogits(300, row));
  logits[4][17] = NaN;
  const together = sampleTokens(Float32Array.from(logits.flatMap((row) => [...row])), rows);
  for (const [row, outcome] of together.entries()) {
    const [alone] = sampleTokens(logits[row].slice(), [rows[row]]);
    if (row === 4) expect(outcome).toMatchObject({ sequence: 4, step: 3, id: 17 });
    else expect(outcome).toBe(alone);
  }
});

describe("repetitionPenalty", () => {
  it("makes tokens that have occurred less likely, whatever the sign of their logits", () => {
    const logits = Float32Array.of(3, -3, 3, -3, 0);
    sampleToken(logits, new Set([0, 1, 4]), sampling({ temperature: 0, repetitionPenalty: 1.5 }), [0, 0]);
    expect([...logits]).toEqual([2, -4.5, 3, -3, 0]);
  });

  it("below 1 makes them likelier", () => {
    const greedy = sampling({ temperature: 0, repetitionPenalty: 0.5 });
    expect(sampleToken(Float32Array.of(2, 3), new Set([0]), greedy, [0, 0])).toBe(0);
    expect(sampleToken(Float32Array.of(-2, -3), new Set([1]), greedy, [0, 0])).toBe(1);
  });
});

describe("logits that are not finite", () => {
  const all: [string, Partial<SamplingOptions>][] = [
    ["greedy", { temperature: 0 }],
    ["all", {}],
    ["topK", { topK: 2 }],
    ["topP", { topP: 0.5 }],
    ["a penalty", { repetitionPenalty: 2 }],
  ];

  it.each(all)("are refused with sequence, step and token: %s", (_name, options) => {
    for (const value of [NaN, Infinity]) {
      for (const place of [0, 2, 3]) {
        const logits = Float32Array.of(1, 2, 3, 4);
        logits[place] = value;
        let error: unknown;
        try {
          sampleToken(logits, new Set([1]), sampling(options), [7, 9]);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(NonFiniteLogitsError);
        expect(error).toMatchObject({ sequence: 7, step: 9, id: place, logit: value });
      }
    }
  });

  it("say what is likely wrong", () => {
    expect(() => sampleToken(Float32Array.of(1, NaN), none, sampling({}), [7, 9])).toThrow(
      "sequence 7, step 9: expected finite logits, got NaN for token 1; the weights or the adapter hold values that are not finite",
    );
  });

  it("rule a token out where they are −∞, but not all", () => {
    expect(drawn([-Infinity, 1, -Infinity, 1], {})).toEqual([1, 3]);
    expect(drawn([-Infinity, 1, -Infinity, 1], { topK: 3, topP: 0.9 })).toEqual([1, 3]);
    const nothing = Float32Array.of(-Infinity, -Infinity);
    expect(() => sampleToken(nothing, none, sampling({}), [0, 0])).toThrow(NonFiniteLogitsError);
  });
});

describe("checkSampling", () => {
  it.each([
    ["temperature", -1],
    ["temperature", NaN],
    ["temperature", Infinity],
    ["topK", 1.5],
    ["topK", -1],
    ["topP", 0],
    ["topP", 1.1],
    ["repetitionPenalty", 0],
    ["repetitionPenalty", NaN],
    ["seed", -1],
    ["seed", 2 ** 53],
  ])("refuses %s %d", (name, value) => {
    expect(() => checkSampling({ ...samplingDefaults, [name]: value })).toThrow(
      new RegExp(`^${name}: expected`),
    );
  });
});
