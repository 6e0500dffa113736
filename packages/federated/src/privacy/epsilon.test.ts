import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FederationSettingsError } from "../settings-error.js";
import { epsilonOf, type PrivacyConversion, renyiOrders } from "./epsilon.js";
import { noiseForEpsilon } from "./noise-for-epsilon.js";
import { renyiDivergence } from "./renyi-divergence.js";

interface Bound {
  readonly epsilon: number;
  readonly order: number;
}

interface Setting {
  readonly name: string;
  readonly sample_rate: number;
  readonly noise_multiplier: number;
  readonly steps: number;
  readonly delta: number;
  readonly rdp_one_step: readonly { readonly order: number; readonly rdp: number }[];
  readonly tight: Bound;
  readonly classic: Bound;
}

interface Published extends Omit<Setting, "name" | "rdp_one_step" | "sample_rate"> {
  readonly source: string;
  readonly examples: number;
  readonly batch: number;
  readonly conversion: PrivacyConversion;
  readonly printed: number;
}

const recorded = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../fixtures/privacy/expected.json", import.meta.url)), "utf8"),
) as {
  readonly orders: readonly number[];
  readonly tf_orders: readonly number[];
  readonly published: readonly Published[];
  readonly settings: readonly Setting[];
};

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

describe.each(recorded.settings)("$name", (setting) => {
  const mechanism = { noiseMultiplier: setting.noise_multiplier, samplingRate: setting.sample_rate };
  const run = { ...mechanism, rounds: setting.steps, delta: setting.delta };

  it("has the divergences of the reference at each order", () => {
    for (const { order, rdp } of setting.rdp_one_step) {
      const own = renyiDivergence(order, mechanism.noiseMultiplier, mechanism.samplingRate);
      // The reference's own integration agrees with its series to 2e-8.
      expect(relative(own, rdp), `order ${order}: ${own} for ${rdp}`).toBeLessThan(1e-7);
    }
  });

  it.each(["tight", "classic"] as const)("has the reference's epsilon by the %s conversion", (conversion) => {
    const own = epsilonOf({ ...run, conversion });
    expect(own.order).toBe(setting[conversion].order);
    expect(relative(own.epsilon, setting[conversion].epsilon)).toBeLessThan(1e-8);
  });
});

describe.each(recorded.published)("$source", (published) => {
  it("comes to the published value", () => {
    const { epsilon } = epsilonOf({
      noiseMultiplier: published.noise_multiplier,
      samplingRate: published.batch / published.examples,
      rounds: published.steps,
      delta: published.delta,
      conversion: published.conversion,
      orders: recorded.tf_orders,
    });
    expect(relative(epsilon, published[published.conversion as "tight"].epsilon)).toBeLessThan(1e-8);
    const digits = String(published.printed).split(".")[1].length;
    expect(epsilon).toBeCloseTo(published.printed, Math.min(digits, 9));
  });
});

describe("renyiDivergence", () => {
  it("is alpha / 2 sigma² where everyone takes part", () => {
    expect(renyiDivergence(7.5, 2, 1)).toBe(7.5 / 8);
  });

  it("comes to that as the sampling rate comes to 1, from below", () => {
    for (const order of [1.5, 2, 2.5, 7, 10.3, 32]) {
      const near = renyiDivergence(order, 1.3, 1 - 1e-9);
      const all = renyiDivergence(order, 1.3, 1);
      expect(near).toBeLessThan(all);
      expect(relative(near, all)).toBeLessThan(1e-7);
    }
  });

  it("rises with the order, across the border of the two ways to compute it", () => {
    for (const [sigma, q] of [
      [0.3, 0.2],
      [1, 0.01],
      [6, 0.5],
      [0.8, 1e-4],
      [40, 0.3],
    ] as const) {
      let before = 0;
      for (const order of [1.0001, 1.5, 1.9999, 2, 2.0001, 4.9999, 5, 5.0001, 64, 64.5, 65]) {
        const divergence = renyiDivergence(order, sigma, q);
        expect(divergence, `order ${order}, sigma ${sigma}, q ${q}`).toBeGreaterThan(before);
        before = divergence;
      }
    }
  });

  it("is continuous where an order becomes whole", () => {
    for (const order of [2, 3, 10, 40]) {
      for (const q of [1e-5, 0.01, 0.7]) {
        const [whole, beside] = [renyiDivergence(order, 1.1, q), renyiDivergence(order + 1e-9, 1.1, q)];
        expect(relative(beside, whole), `order ${order}, q ${q}`).toBeLessThan(1e-6);
      }
    }
  });

  it.each([
    [1, 1, 0.5],
    [Number.NaN, 1, 0.5],
    [2, 0, 0.5],
    [2, -1, 0.5],
    [2, Number.NaN, 0.5],
    [2, 1, 0],
    [2, 1, 1.1],
  ])("refuses order %d, noise %d, rate %d", (order, sigma, q) => {
    expect(() => renyiDivergence(order, sigma, q)).toThrow(FederationSettingsError);
  });
});

describe("epsilonOf", () => {
  it("takes the orders of the reference", () => {
    expect(renyiOrders).toEqual(recorded.orders);
  });

  it("is 0 after no round, and rises with rounds and with the rate, and falls with noise and delta", () => {
    const usual = { noiseMultiplier: 1, samplingRate: 0.1, rounds: 20, delta: 1e-5 };
    const of = (change: Partial<typeof usual>): number => epsilonOf({ ...usual, ...change }).epsilon;
    expect(of({ rounds: 0 })).toBe(0);
    expect(of({ rounds: 21 })).toBeGreaterThan(of({}));
    expect(of({ samplingRate: 0.11 })).toBeGreaterThan(of({}));
    expect(of({ noiseMultiplier: 1.1 })).toBeLessThan(of({}));
    expect(of({ delta: 1e-4 })).toBeLessThan(of({}));
    expect(epsilonOf({ ...usual, conversion: "classic" }).epsilon).toBeGreaterThan(of({}));
  });
});

describe("noiseForEpsilon", () => {
  it.each([0.2, 1, 8, 60])("finds the least noise that keeps epsilon %d", (epsilon) => {
    const options = { samplingRate: 0.25, rounds: 30, delta: 1e-5 };
    const noiseMultiplier = noiseForEpsilon(epsilon, options);
    const kept = epsilonOf({ ...options, noiseMultiplier }).epsilon;
    expect(kept).toBeLessThanOrEqual(epsilon);
    expect(epsilonOf({ ...options, noiseMultiplier: noiseMultiplier * 0.999 }).epsilon).toBeGreaterThan(
      epsilon,
    );
  });
});

/** Moments that the papers' accountants take, λ from 1 to 32, as Rényi orders λ + 1. */
const moments = Array.from({ length: 32 }, (_, i) => i + 2);

it.each([
  // Section 3.2 and Figure 2: 100 epochs of 100 steps.
  ["Abadi et al. 2016, arXiv:1607.00133", 0.01, 4, 10_000, 1e-5, moments, 1.26],
  // Whole users of a federation: 5000 of 763 430 in expectation, 5000 rounds.
  ["McMahan et al. 2018, arXiv:1710.06963", 5000 / 763_430, 1, 5000, 1e-9, moments, 4.634],
  // Figure 4: 70 epochs; fractional orders too, as its code has them.
  ["Bu et al. 2020, doi:10.1162/99608f92.cfc5dd25", 256 / 60_000, 0.7, 16_406, 1e-5, renyiOrders, 8.68],
] as const)(
  "comes to the value printed in %s",
  (_source, samplingRate, noiseMultiplier, rounds, delta, orders, printed) => {
    const conversion = "classic";
    const { epsilon } = epsilonOf({ noiseMultiplier, samplingRate, rounds, delta, conversion, orders });
    const digits = String(printed).split(".")[1].length;
    expect(epsilon.toFixed(digits)).toBe(String(printed));
  },
);
