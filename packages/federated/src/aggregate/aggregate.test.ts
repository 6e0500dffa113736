import { describe, expect, it } from "vitest";
import { seededNoise } from "../privacy/gaussian-noise.js";
import { Random } from "../testing/random.js";
import { type AdapterTensors, heldTensors, type NamedTensor } from "./adapter-tensors.js";
import { aggregate, type ClientUpdate } from "./aggregate.js";
import { type AggregationOptions, resolveAggregation } from "./aggregation-settings.js";

const shapes = { "a.lora_A.weight": [2, 5], "a.lora_B.weight": [7, 2] } as const;

const tensorsOf = (value: (name: string, index: number) => number): AdapterTensors =>
  heldTensors(
    Object.entries(shapes).map(([name, shape]) => ({
      name,
      shape,
      data: Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => value(name, i)),
    })),
  );

const normals = (random: Random): AdapterTensors => tensorsOf(() => random.normal());

/** The adapter that the clients began with, moved by a number everywhere. */
async function moved(start: AdapterTensors, by: (index: number) => number): Promise<AdapterTensors> {
  const tensors: NamedTensor[] = [];
  for (const name of start.names) {
    const data = await start.read(name);
    tensors.push({ name, shape: start.shapeOf(name), data: data.map((value, i) => value + by(i)) });
  }
  return heldTensors(tensors);
}

const flat = (tensors: readonly NamedTensor[]): number[] => tensors.flatMap(({ data }) => [...data]);

async function read(tensors: AdapterTensors): Promise<number[]> {
  const values: number[] = [];
  for (const name of tensors.names) values.push(...(await tensors.read(name)));
  return values;
}

const clients = (tensors: readonly AdapterTensors[], rows = tensors.map(() => 1)): ClientUpdate[] =>
  tensors.map((own, k) => ({ client: `c${k}`, rows: rows[k], tensors: own }));

const resolved = (options: AggregationOptions) => resolveAggregation(options);

function expectClose(actual: readonly number[], expected: readonly number[], bound = 1e-6): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `element ${i}: ${value} for ${expected[i]}`).toBeLessThanOrEqual(
      bound,
    );
  });
}

describe.each([1, 2, 3])("seed %d", (seed) => {
  const random = new Random(seed);
  const start = normals(random);
  const own = Array.from({ length: 5 }, () => normals(random));
  const rows = own.map(() => random.integer(1, 400));

  it("weighs by rows", async () => {
    const { tensors, clients: counted } = await aggregate(start, clients(own, rows), resolved({}));
    const all = rows.reduce((sum, count) => sum + count, 0);
    const values = await Promise.all(own.map(read));
    const expected = values[0].map((_, i) =>
      values.reduce((sum, each, k) => sum + (rows[k] / all) * each[i], 0),
    );
    expectClose(flat(tensors), expected);
    expect(tensors.map(({ name, shape }) => [name, shape])).toEqual(Object.entries(shapes));
    expect(counted.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
  });

  it("weighs a client that says it has far more rows than others by no more than the bound", async () => {
    const said = [...rows.slice(1), Number.MAX_SAFE_INTEGER];
    const weightsUnder = async (maximumRows: number | null) =>
      (await aggregate(start, clients(own, said), resolved({ maximumRows }))).clients.map(
        ({ weight }) => weight,
      );
    expect((await weightsUnder(null)).at(-1)).toBeGreaterThan(0.999);
    const bound = Math.max(...rows.slice(1));
    const all = rows.slice(1).reduce((sum, count) => sum + count, 0) + bound;
    expectClose(
      await weightsUnder(bound),
      [...rows.slice(1), bound].map((count) => count / all),
      1e-12,
    );
  });

  it("weighs alike", async () => {
    const { tensors } = await aggregate(start, clients(own, rows), resolved({ weights: "uniform" }));
    const values = await Promise.all(own.map(read));
    expectClose(
      flat(tensors),
      values[0].map((_, i) => values.reduce((sum, each) => sum + each[i] / 5, 0)),
    );
  });

  it.each([4, 5])("takes the median of each number, of %d", async (count) => {
    const some = own.slice(0, count);
    const { tensors } = await aggregate(start, clients(some), resolved({ rule: "median" }));
    const values = await Promise.all(some.map(read));
    const expected = values[0].map((_, i) => {
      const sorted = values.map((each) => each[i]).sort((a, b) => a - b);
      return count === 5 ? sorted[2] : (sorted[1] + sorted[2]) / 2;
    });
    expectClose(flat(tensors), expected);
  });

  it("leaves out the ends of each number, so many as SciPy's trim_mean", async () => {
    const { tensors } = await aggregate(start, clients(own), resolved({ rule: "trimmed-mean", trim: 0.39 }));
    const values = await Promise.all(own.map(read));
    const expected = values[0].map((_, i) => {
      const [, a, b, c] = values.map((each) => each[i]).sort((x, y) => x - y);
      return (a + b + c) / 3;
    });
    expectClose(flat(tensors), expected);
  });

  it("scales longer updates down to a fixed length, and to the median length", async () => {
    const lengths = [1, 2, 3, 40, 5];
    const count = (await read(start)).length;
    const alongOne = await Promise.all(
      lengths.map((length) => moved(start, () => length / Math.sqrt(count))),
    );
    const fixed = await aggregate(start, clients(alongOne), resolved({ clipNorm: 2, weights: "uniform" }));
    fixed.clients.forEach(({ norm, scale }, k) => {
      expect(norm).toBeCloseTo(lengths[k], 4);
      expect(norm * scale).toBeCloseTo(Math.min(2, lengths[k]), 4);
    });
    const middle = await aggregate(start, clients(alongOne), resolved({ clipNorm: "median" }));
    expect(middle.clients.map(({ norm, scale }) => Math.round(norm * scale))).toEqual([1, 2, 3, 3, 3]);
    const [first] = await read(start);
    expect((flat(middle.tensors)[0] - first) * Math.sqrt(count)).toBeCloseTo((1 + 2 + 3 + 3 + 3) / 5, 3);
  });

  it("does not follow two of eight that lie, but for the mean", async () => {
    const honest = await Promise.all(
      Array.from({ length: 6 }, () => moved(start, () => 0.01 * (1 + 0.1 * random.normal()))),
    );
    const lying = await Promise.all([0, 1].map(() => moved(start, () => -50)));
    const among = clients([...honest, ...lying]);
    const truth = flat((await aggregate(start, clients(honest), resolved({}))).tensors);
    for (const [options, isNear] of [
      [{}, false],
      [{ rule: "median" }, true],
      [{ rule: "trimmed-mean", trim: 0.25 }, true],
      [{ clipNorm: "median" }, true],
    ] as const) {
      const came = flat((await aggregate(start, among, resolved(options))).tensors);
      const furthest = Math.max(...came.map((value, i) => Math.abs(value - truth[i])));
      expect(furthest < 0.01, JSON.stringify(options)).toBe(isNear);
    }
  });
});

it("moves nothing where nobody moved, to the last bit", async () => {
  const start = normals(new Random(9));
  for (const options of [{}, { rule: "median" }, { rule: "trimmed-mean" }, { clipNorm: "median" }] as const) {
    const { tensors } = await aggregate(start, clients([start, start, start, start]), resolved(options));
    expect(flat(tensors)).toEqual(await read(start));
  }
});

it("makes no adapter of no update", async () => {
  await expect(aggregate(normals(new Random(1)), [], resolved({}))).rejects.toThrow(
    "updates: expected at least one",
  );
});

describe("with noise", () => {
  const privacy = { noiseMultiplier: 0.7, clients: 8, samplingRate: 0.5 };
  const options = { clipNorm: 3, weights: "uniform", privacy } as const;

  it("adds it to every number, with the deviation of the settings", async () => {
    const length = 20_000;
    const start = heldTensors([{ name: "w", shape: [length], data: new Float32Array(length) }]);
    const { tensors, noise } = await aggregate(start, [], resolved(options), seededNoise(4, "one"));
    expect(noise).toBeCloseTo((0.7 * 3) / (0.5 * 8), 12);
    const [{ data }] = tensors;
    const mean = data.reduce((sum, value) => sum + value, 0) / length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length);
    // Three deviations of both estimates.
    expect(Math.abs(mean)).toBeLessThan((3 * noise) / Math.sqrt(length));
    expect(Math.abs(deviation / noise - 1)).toBeLessThan(3 / Math.sqrt(2 * length));
    const within = data.filter((value) => Math.abs(value) < noise).length / length;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.015);
  });

  it("lets no client change the sum by more than what the noise is in proportion to, whatever it sends", async () => {
    const random = new Random(5);
    const start = normals(random);
    const base = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const by = Array.from({ length: 14 }, () => random.normal());
        return await moved(start, (i) => by[i]);
      }),
    );
    for (const factor of [0.001, 1, 1e4, 1e18]) {
      const another = await moved(start, () => factor * (random.next() - 0.5));
      for (const [weights, maximumRows] of [
        ["uniform", null],
        ["rows", 10],
      ] as const) {
        const settings = resolved({ ...options, weights, maximumRows });
        const rows = [2, 30, 10, 1_000_000];
        const release = async (updates: ClientUpdate[]) =>
          flat((await aggregate(start, updates, settings, seededNoise(1, "same"))).tensors);
        const [without, together] = [
          await release(clients(base, rows)),
          await release(clients([...base, another], rows)),
        ];
        const change = Math.hypot(...without.map((value, i) => together[i] - value));
        expect(change).toBeLessThanOrEqual((3 / (0.5 * 8)) * (1 + 1e-5));
      }
    }
  });

  it("asks for a source", async () => {
    await expect(aggregate(normals(new Random(1)), [], resolved(options))).rejects.toThrow(
      "a source of noise",
    );
  });
});

describe("resolveAggregation", () => {
  const privacy = { noiseMultiplier: 1, clients: 10 };

  it("weighs by rows in a mean and alike otherwise", () => {
    expect(resolved({})).toMatchObject({ rule: "mean", weights: "rows", clipNorm: null, privacy: null });
    expect(resolved({ rule: "median" }).weights).toBe("uniform");
  });

  it.each<[AggregationOptions, string]>([
    [{ rule: "krum" as "mean" }, "rule: expected one of mean, median, trimmed-mean, got krum"],
    [{ rule: "median", weights: "rows" }, "weights: expected uniform beside the rule median"],
    [{ rule: "trimmed-mean", trim: 0.5 }, "trim: expected a share from 0, below 0.5, got 0.5"],
    [{ trim: 0.1 }, "trim: expected nothing beside the rule mean"],
    [{ clipNorm: 0 }, "clipNorm: expected a length above 0, or median, got 0"],
    [{ clipNorm: Number.NaN }, "clipNorm: expected a length above 0"],
    [{ privacy }, "clipNorm: expected a fixed length beside noise, got none"],
    [{ privacy, clipNorm: "median" }, "clipNorm: expected a fixed length beside noise, got median"],
    [{ privacy, clipNorm: 1, rule: "median" }, "rule: expected mean beside noise, got median"],
    [{ privacy, clipNorm: 1 }, "maximumRows: expected a number of rows from which on a client weighs 1"],
    [
      { privacy, maximumRows: 5, clipNorm: 1, weights: "uniform" },
      "maximumRows: expected nothing beside uniform weights, got 5",
    ],
    [{ rule: "median", maximumRows: 5 }, "maximumRows: expected nothing beside uniform weights, got 5"],
    [{ maximumRows: 0 }, "maximumRows: expected a whole number from 1, got 0"],
    [
      { privacy: { ...privacy, noiseMultiplier: 0 }, clipNorm: 1 },
      "noiseMultiplier: expected a number above 0",
    ],
    [
      { privacy: { ...privacy, samplingRate: 0 }, clipNorm: 1 },
      "samplingRate: expected a share above 0, up to 1",
    ],
    [{ privacy: { ...privacy, clients: 0 }, clipNorm: 1 }, "privacy.clients: expected a whole number from 1"],
    [
      { privacy: { ...privacy, delta: 1 }, clipNorm: 1 },
      "privacy.delta: expected a probability above 0, below 1",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => resolved(options)).toThrow(message);
  });
});
