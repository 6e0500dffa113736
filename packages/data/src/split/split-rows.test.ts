import { describe, expect, it } from "vitest";
import { forSeeds, type SeededRandom } from "../../testing/seeded-random.js";
import {
  digest128,
  DigestIndex,
  parseSplitWeights,
  SPLITS,
  splitRows,
  type SplitName,
  type TextRow,
} from "../index.js";

describe("parseSplitWeights", () => {
  it("reads whole and broken weights", () => {
    expect(parseSplitWeights("7:1:2")).toEqual({ train: 7, validation: 1, test: 2 });
    expect(parseSplitWeights(" 0.8 : 0.1:0.1 ")).toEqual({ train: 0.8, validation: 0.1, test: 0.1 });
    expect(parseSplitWeights("1:0:0")).toEqual({ train: 1, validation: 0, test: 0 });
  });

  it.each([
    "",
    "7",
    "8:2",
    "7:1:2:1",
    "a:b:c",
    "-1:1:1",
    "0:0:0",
    "1e3:1:1",
    "NaN:1:1",
    "Infinity:1:1",
    "7::2",
    `${"9".repeat(400)}:1:1`,
  ])("refuses %j", (text) => {
    expect(() => parseSplitWeights(text)).toThrow(/^option split: expected three weights as in "7:1:2"/);
  });
});

/** Rows of random dialogues; with `dialogues` 0 every row stands alone. */
function randomRows(random: SeededRandom, count: number, dialogues: number): TextRow[] {
  return Array.from({ length: count }, (_, id) => ({
    kind: "text",
    text: `row ${id}`,
    fields: { id, ...(dialogues > 0 ? { dialogue: `d${Math.floor(random.next() ** 2 * dialogues)}` } : {}) },
  }));
}

function largestGroup(rows: readonly TextRow[]): number {
  const sizes = new Map<unknown, number>();
  for (const { fields, text } of rows) {
    const key = fields.dialogue ?? text;
    sizes.set(key, (sizes.get(key) ?? 0) + 1);
  }
  return Math.max(...sizes.values());
}

const ids = (rows: readonly TextRow[]): unknown[] => rows.map(({ fields }) => fields.id);

describe("splitRows", () => {
  it("parts the rows: each is in exactly one split, in its order", () => {
    forSeeds(50, (random) => {
      const rows = randomRows(random, random.integer(0, 200), random.integer(0, 30));
      const splits = splitRows(rows, { split: "7:1:2", seed: random.seed });
      const all = SPLITS.flatMap((name) => splits[name]);
      expect(new Set(ids(all)).size).toBe(rows.length);
      expect(all).toHaveLength(rows.length);
      for (const name of SPLITS)
        expect(splits[name]).toEqual(rows.filter((row) => splits[name].includes(row)));
    });
  });

  it("keeps the rows of a dialogue together", () => {
    forSeeds(50, (random) => {
      const splits = splitRows(randomRows(random, 200, random.integer(1, 60)), {
        split: "3:2:1",
        seed: random.seed,
      });
      const home = new Map<unknown, SplitName>();
      for (const name of SPLITS) {
        for (const { fields } of splits[name]) {
          expect(home.get(fields.dialogue) ?? name).toBe(name);
          home.set(fields.dialogue, name);
        }
      }
    });
  });

  it("comes within the largest group of every share", () => {
    forSeeds(100, (random) => {
      const rows = randomRows(random, random.integer(100, 400), random.pick([0, 20, 60]));
      const weights = [random.integer(1, 9), random.integer(1, 9), random.integer(1, 9)];
      const splits = splitRows(rows, { split: weights.join(":"), seed: random.seed });
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (const [index, name] of SPLITS.entries()) {
        const share = (rows.length * weights[index]) / sum;
        expect(Math.abs(splits[name].length - share)).toBeLessThan(largestGroup(rows));
      }
    });
  });

  it("meets the shares of rows that stand alone exactly", () => {
    const rows = randomRows({} as SeededRandom, 1000, 0);
    const { train, validation, test } = splitRows(rows, { split: "7:1:2", seed: 1 });
    expect([train.length, validation.length, test.length]).toEqual([700, 100, 200]);
  });

  it("depends on the seed and the set of rows, not on their order", () => {
    forSeeds(20, (random) => {
      const rows = randomRows(random, 100, random.pick([0, 25]));
      const options = { split: "7:1:2", seed: random.seed };
      const first = splitRows(rows, options);
      const second = splitRows(random.shuffle(rows), options);
      for (const name of SPLITS) expect(ids(second[name]).sort()).toEqual(ids(first[name]).sort());
      const other = splitRows(rows, { ...options, seed: random.seed + 1 });
      expect(ids(other.train)).not.toEqual(ids(first.train));
    });
  });

  it("leaves no split with a weight empty when there are enough groups", () => {
    forSeeds(100, (random) => {
      const dialogues = random.integer(3, 6);
      const rows = Array.from({ length: 60 }, (_, id): TextRow => {
        return { kind: "text", text: `row ${id}`, fields: { id, dialogue: id < dialogues ? id : 0 } };
      });
      const splits = splitRows(rows, {
        split: random.pick(["7:1:2", "98:1:1", "1:98:1"]),
        seed: random.seed,
      });
      for (const name of SPLITS) expect(splits[name].length).toBeGreaterThan(0);
    });
  });

  it("leaves splits without a weight empty, and takes fewer groups than splits", () => {
    const rows = randomRows({} as SeededRandom, 10, 0);
    const { train, validation, test } = splitRows(rows, { split: "4:0:1", seed: 3 });
    expect([train.length, validation.length, test.length]).toEqual([8, 0, 2]);
    expect(splitRows(rows.slice(0, 1), { split: "7:1:2", seed: 3 }).train).toHaveLength(1);
    expect(splitRows([], { split: "7:1:2", seed: 3 })).toEqual({ train: [], validation: [], test: [] });
  });

  it("keeps rows of equal text together, and dialogues of any named field", () => {
    const same = Array.from({ length: 30 }, (): TextRow => ({ kind: "text", text: "same", fields: {} }));
    expect(splitRows(same, { split: "1:1:1", seed: 0 }).train.length % 30).toBe(0);
    for (const [field, groupBy] of [
      ["dialogue_id", undefined],
      ["conversation_id", undefined],
      ["thread", ["thread"]],
    ] as const) {
      const rows = Array.from({ length: 30 }, (_, id): TextRow => ({
        kind: "text",
        text: `${id}`,
        fields: { [field]: id % 2 ? "7" : 7 },
      }));
      const splits = splitRows(rows, { split: "1:1:1", seed: 0, ...(groupBy ? { groupBy } : {}) });
      expect(SPLITS.map((name) => splits[name].length).sort()).toEqual([0, 0, 30]);
    }
  });

  it("refuses a seed that is no whole number", () => {
    expect(() => splitRows([], { split: "1:1:1", seed: 0.5 })).toThrow(
      "option seed: expected a whole number",
    );
  });
});

describe("DigestIndex", () => {
  it("numbers digests as a map of strings does, through many doublings", () => {
    forSeeds(3, (random) => {
      const index = new DigestIndex();
      const numbers = new Map<string, number>();
      for (let count = 0; count < 20_000; count++) {
        const key = String(random.integer(0, 12_000));
        if (!numbers.has(key)) numbers.set(key, numbers.size);
        if (index.add(digest128(key)) !== numbers.get(key)) expect.fail(`digest of ${key}`);
      }
      expect(index.size).toBe(numbers.size);
      const digests = [...numbers].map(([, number]) => index.digest(number).join());
      expect(digests).toEqual([...numbers].map(([key]) => digest128(key).join()));
    });
  });

  it("tells digests apart that differ in one word only", () => {
    const index = new DigestIndex();
    const digests = [0, 1, 2, 3].map((word) =>
      Uint32Array.from([9, 9, 9, 9], (value, at) => (at === word ? 1 : value)),
    );
    expect(digests.map((digest) => index.add(digest))).toEqual([0, 1, 2, 3]);
    expect(digests.map((digest) => index.add(digest))).toEqual([0, 1, 2, 3]);
  });
});

describe("digest128", () => {
  it("is the beginning of SHA-256 of the parts with their lengths", () => {
    // printf '1:a2:bc' | sha256sum gives 5310a587 88781ab2 5d5ad7c3 f8503582 …
    const words = [0x87a51053, 0xb21a7888, 0xc3d75a5d, 0x823550f8];
    expect(digest128("a", "bc")).toEqual(Uint32Array.from(words));
    expect(digest128("ab", "c")).not.toEqual(Uint32Array.from(words));
  });
});
