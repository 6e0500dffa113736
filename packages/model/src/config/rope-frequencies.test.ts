import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { ModelConfig } from "./model-config.js";
import { parseModelConfig } from "./read-model-config.js";
import { type RotaryHeads, ropeInverseFrequencies } from "./rope-frequencies.js";

const reference = JSON.parse(
  await readFile(new URL("../../fixtures/reference/rope.json", import.meta.url), "utf8"),
) as {
  source: string;
  cases: {
    name: string;
    config: Record<string, unknown>;
    inverseFrequencies: number[];
    attentionFactor: number;
  }[];
};

describe(`as ${reference.source} computes them`, () => {
  it.each(reference.cases)(
    "$name",
    ({ config, inverseFrequencies: expected, attentionFactor: expectedFactor }) => {
      const { inverseFrequencies, attentionFactor } = ropeInverseFrequencies(
        parseModelConfig(config, "config.json") as ModelConfig & RotaryHeads,
      );
      expect(inverseFrequencies).toHaveLength(expected.length);
      // The same bits, save where torch's float32 power is a unit off: once in these tables, at theta 1e6 and head size 128.
      const others = expected.filter((value, i) => inverseFrequencies[i] !== value);
      expect(others.length).toBeLessThanOrEqual(1);
      const furthest = Math.max(...expected.map((value, i) => Math.abs(inverseFrequencies[i] / value - 1)));
      expect(furthest).toBeLessThan(4 * 2 ** -24);
      expect(attentionFactor).toBeCloseTo(expectedFactor, 14);
    },
  );
});

it("unscaled frequencies fall from 1 by a constant ratio", () => {
  const { inverseFrequencies } = ropeInverseFrequencies({
    headSize: 8,
    rope: { theta: 10_000, scaling: null },
  });
  expect([...inverseFrequencies]).toEqual([1, 0.1, 0.01, 0.001].map(Math.fround));
});

it("a factor of 1 leaves every frequency as it is, in every scaling", () => {
  const plain = ropeInverseFrequencies({ headSize: 64, rope: { theta: 500_000, scaling: null } });
  const linear = { type: "linear", factor: 1 } as const;
  const llama3 = {
    type: "llama3",
    factor: 1,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 8192,
  } as const;
  for (const scaling of [linear, llama3]) {
    const { inverseFrequencies } = ropeInverseFrequencies({
      headSize: 64,
      rope: { theta: 500_000, scaling },
    });
    inverseFrequencies.forEach((frequency, i) => {
      expect(Math.abs(frequency / plain.inverseFrequencies[i] - 1)).toBeLessThan(2 ** -23);
    });
  }
});
