import { describe, expect, it } from "vitest";
import { layerSampling } from "./layer-sampling.js";

const layerOf = (name: string): number | null => {
  const [, layer] = /^layer (\d+)$/.exec(name) ?? [];
  return layer === undefined ? null : Number(layer);
};
const options = { layers: 2, every: 3, seed: 7, layerCount: 8, layerOf };
const layersIn = (sampling: ReturnType<typeof layerSampling>, period: number): number[] =>
  Array.from({ length: 8 }, (_, layer) => layer).filter(
    (layer) => sampling.isTrained(`layer ${layer}`, period) === true,
  );

describe("layerSampling", () => {
  it("draws so many layers every so many steps, and the same again for seed and step", () => {
    const sampling = layerSampling(options);
    expect([1, 2, 3, 4, 6, 7].map((step) => sampling.period(step))).toEqual([0, 0, 0, 1, 1, 2]);
    const drawn = Array.from({ length: 40 }, (_, period) => layersIn(sampling, period));
    for (const layers of drawn) expect(layers).toHaveLength(2);
    const again = layerSampling(options);
    expect(layersIn(again, 17)).toEqual(drawn[17]);
    expect(layersIn(again, 3)).toEqual(drawn[3]);
    const other = layerSampling({ ...options, seed: 8 });
    expect(drawn.map((_, period) => layersIn(other, period))).not.toEqual(drawn);
    expect(sampling.isTrained("head", 0)).toBeNull();
  });

  it("draws every pair about as often as another", () => {
    const sampling = layerSampling(options);
    const counts = new Map<string, number>();
    const periods = 5600;
    for (let period = 0; period < periods; period++) {
      const pair = layersIn(sampling, period).join();
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    // 28 pairs, each 200 times with a deviation of 13.9.
    expect(counts.size).toBe(28);
    for (const count of counts.values()) expect(Math.abs(count - periods / 28)).toBeLessThan(70);
  });

  it.each([
    [{ layers: 0 }, "lisaLayers"],
    [{ layers: 9 }, "lisaLayers"],
    [{ layers: 1.5 }, "lisaLayers"],
    [{ every: 0 }, "lisaEvery"],
  ])("%j: names the setting", (wrong, key) => {
    expect(() => layerSampling({ ...options, ...wrong })).toThrow(
      new RegExp(`^${key}: expected a whole number from 1`),
    );
  });
});
