import { expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import { TokenDataset } from "./token-dataset.js";
import { TokenRowCollector } from "./token-row-collector.js";

it("gives back rows of any lengths, in order", () =>
  forSeeds(5, (random) => {
    const rows = Array.from({ length: 300 }, (_, index) => {
      // Now and then a row that is a batch by itself, and rows without a token.
      const length = index % 60 === 7 ? 70_000 : random.integer(0, 900);
      return {
        inputIds: Int32Array.from({ length }, (_, at) => (index * 31 + at) % 1000),
        labels: Int32Array.from({ length }, (_, at) => (at % 3 === 0 ? -100 : at)),
        ...(index % 2 === 0 ? { row: 5 * index, weight: 0.5 } : {}),
      };
    });
    const collector = new TokenRowCollector();
    rows.forEach((row, index) => {
      expect(collector.length).toBe(index);
      collector.add(row);
    });
    const dataset = TokenDataset.fromRows(collector);
    expect(dataset.length).toBe(rows.length);
    expect([...dataset.lengths()]).toEqual(rows.map(({ inputIds }) => inputIds.length));
    for (let turn = 0; turn < 200; turn++) {
      const index = random.integer(0, rows.length - 1);
      const { inputIds, labels, row = index, weight } = rows[index];
      const got = dataset.row(index);
      expect(Buffer.compare(Buffer.from(got.inputIds.buffer), Buffer.from(inputIds.buffer))).toBe(0);
      expect(Buffer.compare(Buffer.from(got.labels.buffer), Buffer.from(labels.buffer))).toBe(0);
      expect([got.row, got.weight]).toEqual([row, weight]);
    }
  }));

it("refuses a row whose labels are not as many as its ids, by its number", () => {
  const collector = new TokenRowCollector();
  collector.add({ inputIds: Int32Array.of(1), labels: Int32Array.of(1) });
  expect(() => collector.add({ inputIds: Int32Array.of(1, 2), labels: Int32Array.of(1) })).toThrow(
    "row 1: expected 2 labels, one for each id, got 1",
  );
});

it("holds no rows before one is added", () => {
  expect(TokenDataset.fromRows(new TokenRowCollector()).length).toBe(0);
  expect([...TokenDataset.fromRows([])]).toEqual([]);
});
