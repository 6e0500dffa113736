import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bruteNearPairs } from "./brute-near-pairs.js";
import { dataTable } from "./data-command.js";
import { dialogueRows } from "./dialogue-rows.js";
import { rowFile } from "./row-file.js";

const textOf = ({ messages }: { messages: readonly { content: string }[] }): string =>
  messages.map(({ content }) => content).join("\n");

it("generates rows that follow from seed and number, a fifth of them near copies", () => {
  const rows = [...dialogueRows(1000, 3)];
  expect([...dialogueRows(400, 3)]).toEqual(rows.slice(0, 400));
  expect([...dialogueRows(10, 4)]).not.toEqual(rows.slice(0, 10));
  const later = new Set(bruteNearPairs(rows.map(textOf), 0.75).map(([, row]) => row));
  expect(later.size).toBeGreaterThan(150);
  expect(later.size).toBeLessThan(260);
  for (const { messages } of rows) expect(messages.length % 2).toBe(0);
});

it("finds all near pairs, as comparing sets does", () => {
  const texts = [...dialogueRows(120, 5)].map(textOf);
  const sets = texts.map((text) => {
    const points = Array.from(text);
    return new Set(points.slice(4).map((_, at) => points.slice(at, at + 5).join("")));
  });
  const expected = sets.flatMap((right, later) =>
    sets.slice(0, later).flatMap((left, earlier) => {
      const shared = [...left].filter((gram) => right.has(gram)).length;
      return shared / (left.size + right.size - shared) >= 0.6 ? [[earlier, later]] : [];
    }),
  );
  expect(expected.length).toBeGreaterThan(5);
  const sorted = (pairs: number[][]): string[] => pairs.map(String).sort();
  expect(sorted(bruteNearPairs(texts, 0.6))).toEqual(sorted(expected));
});

it("writes a file of rows once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lathe-bench-"));
  try {
    const path = await rowFile(folder, 4500, 1);
    const text = await readFile(path, "utf8");
    expect(text.split("\n")).toHaveLength(4501);
    expect(JSON.parse(text.split("\n")[4499])).toEqual([...dialogueRows(4500, 1)][4499]);
    expect(await rowFile(folder, 4500, 1)).toBe(path);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("shows contestants side by side", () => {
  const own = { name: "lathe", seconds: 10, read: 1000, kept: 800, tokens: 9000, peakResidentBytes: 2 ** 28 };
  const peer = { ...own, name: "datasets", seconds: 25, peakResidentBytes: 2 ** 29 };
  const { columns, rows } = dataTable(own, [peer, { name: "other", failure: "no memory" }]);
  expect(columns[0]).toBe("1000 rows");
  expect(rows[0].slice(0, 6)).toEqual(["Lathe", "10.0", "100", "800", "9000", "256"]);
  expect(rows[1].slice(-2)).toEqual(["2.50 ×", "0.50 ×"]);
  expect(rows[2][0]).toBe("other: no memory");
});
