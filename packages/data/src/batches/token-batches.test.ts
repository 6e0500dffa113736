import { describe, expect, it } from "vitest";
import { forSeeds, SeededRandom } from "../../testing/seeded-random.js";
import { TokenDataset } from "../token-files/token-dataset.js";
import { type BatchPosition, TokenBatches, type TokenBatchesOptions } from "./token-batches.js";

function datasetOf(count: number, longest: number, random: SeededRandom): TokenDataset {
  return TokenDataset.fromRows(
    Array.from({ length: count }, () => {
      const inputIds = Int32Array.from({ length: random.integer(0, longest) }, () => random.integer(0, 99));
      return { inputIds, labels: inputIds };
    }),
  );
}

function randomOptions(random: SeededRandom): TokenBatchesOptions {
  return {
    ...(random.next() < 0.5 ? { tokensPerBatch: random.integer(1, 200) } : {}),
    ...(random.next() < 0.5 ? { rowsPerBatch: random.integer(1, 20) } : {}),
    shuffle: random.next() < 0.5,
    groupByLength: random.next() < 0.5,
    seed: random.integer(0, 1000),
    epochs: random.integer(1, 3),
  };
}

const padded = (rows: readonly { readonly inputIds: Int32Array }[]): number =>
  rows.length * Math.max(...rows.map(({ inputIds }) => inputIds.length));

describe("TokenBatches", () => {
  it("give every row once an epoch, within the limits", () => {
    forSeeds(60, (random) => {
      const dataset = datasetOf(random.integer(0, 300), 60, random);
      const options = randomOptions(random);
      const batches = [...new TokenBatches(dataset, options)];
      for (let epoch = 0; epoch < options.epochs!; epoch++) {
        const seen = batches.filter((batch) => batch.epoch === epoch).flatMap(({ indices }) => [...indices]);
        expect(seen.sort((left, right) => left - right)).toEqual(
          Array.from({ length: dataset.length }, (_, row) => row),
        );
      }
      for (const { rows, indices } of batches) {
        expect(rows).toEqual(Array.from(indices, (index) => dataset.row(index)));
        const most = options.rowsPerBatch ?? (options.tokensPerBatch === undefined ? 8 : Infinity);
        expect(rows.length).toBeLessThanOrEqual(most);
        if (rows.length > 1) expect(padded(rows)).toBeLessThanOrEqual(options.tokensPerBatch ?? Infinity);
      }
    });
  });

  it("go on after any batch as if nothing had been", () => {
    forSeeds(30, (random) => {
      const dataset = datasetOf(random.integer(1, 120), 30, random);
      const options = randomOptions(random);
      const all = [...new TokenBatches(dataset, options)];
      const taken = random.integer(0, all.length - 1);
      const position = JSON.parse(JSON.stringify(all[taken].next)) as BatchPosition;
      expect([...new TokenBatches(dataset, { ...options, position })]).toEqual(all.slice(taken + 1));
    });
  });

  it("are of another order each epoch and seed, and of the rows' own without shuffling", () => {
    const dataset = datasetOf(200, 20, new SeededRandom(1));
    const orderOf = (options: TokenBatchesOptions, epoch: number): number[] =>
      [...new TokenBatches(dataset, options)]
        .filter((batch) => batch.epoch === epoch)
        .flatMap(({ indices }) => [...indices]);
    expect(orderOf({ epochs: 2 }, 0)).not.toEqual(orderOf({ epochs: 2 }, 1));
    expect(orderOf({ seed: 1 }, 0)).not.toEqual(orderOf({ seed: 2 }, 0));
    expect(orderOf({ seed: 1 }, 0)).toEqual(orderOf({ seed: 1 }, 0));
    expect(orderOf({ shuffle: false }, 0)).toEqual([...Array(200).keys()]);
  });

  it("hold less padding when rows of like length are together", () => {
    const dataset = datasetOf(3000, 200, new SeededRandom(2));
    const paddedOf = (groupByLength: boolean): number =>
      [...new TokenBatches(dataset, { rowsPerBatch: 16, groupByLength })].reduce(
        (sum, { rows }) => sum + padded(rows),
        0,
      );
    const tokens = dataset.lengths().reduce((sum, length) => sum + length, 0);
    expect(paddedOf(true)).toBeLessThan(1.05 * tokens);
    expect(paddedOf(false)).toBeGreaterThan(1.5 * tokens);
  });

  it("are a source that is waited for, too", async () => {
    const batches = new TokenBatches(datasetOf(50, 10, new SeededRandom(3)), { rowsPerBatch: 7 });
    const waited = [];
    for await (const batch of batches) waited.push(batch);
    expect(waited).toEqual([...batches]);
  });

  it.each([
    [{ rowsPerBatch: 0 }, "rowsPerBatch"],
    [{ tokensPerBatch: 1.5 }, "tokensPerBatch"],
    [{ seed: -1 }, "seed"],
    [{ epochs: 0 }, "epochs"],
    [{ position: { epoch: 0, batch: 0, plan: "of another set" } }, "position"],
  ])("refuse %o", (options, name) => {
    expect(() => new TokenBatches(datasetOf(3, 3, new SeededRandom(4)), options)).toThrow(name);
  });
});
