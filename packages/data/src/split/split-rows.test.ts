import { describe, expect, it } from "vitest";
import { forSeeds, type SeededRandom } from "../../testing/seeded-random.js";
import {
  digest128,
  DigestIndex,
  parseSplitWeights,
  SPLITS,
  splitRows,
  type Row,
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

it("keeps a dialogue and rows made of its turns in one split, whichever field names it", () => {
  const names = Array.from({ length: 60 }, (_, number) => `dialogue-${number}`);
  const messages = [{ role: "assistant" as const, content: "hello" }];
  const whole = names.map((id) => ({ kind: "messages" as const, messages, fields: { id } }));
  const parts = names.flatMap((name, number) => [
    { kind: "text" as const, text: `first of ${name}`, fields: { dialogue: name } },
    { kind: "text" as const, text: `then of ${name}`, fields: { conversation_id: name, id: number } },
  ]);
  const split = splitRows(
    [
      ...parts,
      ...whole.map((row, number) => ({ ...row, messages: [{ ...messages[0], content: `hello ${number}` }] })),
    ],
    {
      split: "1:1:1",
      seed: 3,
    },
  );
  const splitOf = new Map<string, SplitName>();
  for (const name of SPLITS) {
    expect(split[name].length).toBeGreaterThan(0);
    for (const { fields } of split[name] as readonly Row[]) {
      const dialogue = String(fields["dialogue"] ?? fields["conversation_id"] ?? fields["id"]);
      expect(splitOf.get(dialogue) ?? name, dialogue).toBe(name);
      splitOf.set(dialogue, name);
    }
  }
  expect(splitOf.size).toBe(60);
});

/** Rows of random dialogues; with `dialogues` 0 every row stands alone. */
function randomRows(random: SeededRandom, count: number, dialogues: number): TextRow[] {
  return Array.from({ length: count }, (_, id) => ({
    kind: "text",
    text: `row ${id}`,
    fields: {
      id,
      parity: id % 2,
      ...(dialogues > 0 ? { dialogue: `d${Math.floor(random.next() ** 2 * dialogues)}` } : {}),
    },
  }));
}

function groupSizes(rows: readonly TextRow[]): number[] {
  const sizes = new Map<unknown, number>();
  for (const { fields, text } of rows) {
    const key = fields.dialogue ?? text;
    sizes.set(key, (sizes.get(key) ?? 0) + 1);
  }
  return [...sizes.values()];
}

const sumOfSquares = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size * size, 0);

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

  it("comes as near to every share as draws of its groups do", () => {
    forSeeds(100, (random) => {
      const rows = randomRows(random, random.integer(100, 400), random.pick([0, 20, 60]));
      const weights = [random.integer(1, 9), random.integer(1, 9), random.integer(1, 9)];
      const splits = splitRows(rows, { split: weights.join(":"), seed: random.seed });
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (const [index, name] of SPLITS.entries()) {
        const share = weights[index] / sum;
        const deviation = Math.sqrt(share * (1 - share) * sumOfSquares(groupSizes(rows)));
        expect(Math.abs(splits[name].length - share * rows.length)).toBeLessThan(5 * deviation);
      }
    });
  });

  it("keeps every row where it is when rows come after it", () => {
    forSeeds(50, (random) => {
      const rows = randomRows(random, 400, random.pick([0, 60, 200]));
      const stratify = random.pick([undefined, "parity"]);
      const options = { split: "7:1:2", seed: random.seed, ...(stratify === undefined ? {} : { stratify }) };
      const before = splitRows(rows.slice(0, random.integer(150, 350)), options);
      const after = splitRows(rows, options);
      for (const name of SPLITS) for (const row of before[name]) expect(after[name]).toContain(row);
    });
  });

  it("keeps whom dialogue and customer join together, where the first of them goes", () => {
    forSeeds(30, (random) => {
      const rows = Array.from({ length: 120 }, (_, id): TextRow => ({
        kind: "text",
        text: `${id}`,
        fields: {
          id,
          ...(random.next() < 0.7 ? { dialogue: random.integer(0, 60) } : {}),
          ...(random.next() < 0.3 ? { customer: `c${random.integer(0, 60)}` } : {}),
        },
      }));
      const splits = splitRows(rows, {
        split: "1:1:1",
        seed: random.seed,
        groupBy: ["dialogue", "customer"],
      });
      for (const field of ["dialogue", "customer"]) {
        const home = new Map<unknown, SplitName>();
        for (const name of SPLITS) {
          for (const { fields } of splits[name]) {
            if (fields[field] === undefined) continue;
            expect(home.get(fields[field]) ?? name).toBe(name);
            home.set(fields[field], name);
          }
        }
      }
    });
    // Two dialogues of other splits, until a row names both a dialogue and a customer of the other.
    const row = (id: number, dialogue: number, customer: number): TextRow => ({
      kind: "text",
      text: `${id}`,
      fields: { id, dialogue, customer },
    });
    const apart = Array.from({ length: 40 }, (_, id) => row(id, id, id));
    const options = { split: "1:1:1", seed: 4, groupBy: ["dialogue", "customer"] };
    const before = splitRows(apart, options);
    const joined = splitRows([...apart, row(40, 3, 30), row(41, 30, 3)], options);
    const homeOf = (splits: typeof before, id: number): SplitName | undefined =>
      SPLITS.find((name) => ids(splits[name]).includes(id));
    expect(homeOf(before, 30)).not.toBe(homeOf(before, 3));
    for (const id of [3, 30, 40, 41]) expect(homeOf(joined, id)).toBe(homeOf(before, 3));
    for (const { fields } of apart) {
      const id = fields.id as number;
      if (id !== 30) expect(homeOf(joined, id)).toBe(homeOf(before, id));
    }
  });

  it("splits every stratum by the weights, within a group or two", () => {
    forSeeds(30, (random) => {
      const rows = Array.from({ length: 300 }, (_, id): TextRow => ({
        kind: "text",
        text: `${id}`,
        fields: { id, kind: random.pick(["a", "a", "a", "b", "c"]) },
      }));
      const splits = splitRows(rows, { split: "7:1:2", seed: random.seed, stratify: "kind" });
      for (const kind of ["a", "b", "c"]) {
        const of = (list: readonly TextRow[]): number =>
          list.filter(({ fields }) => fields.kind === kind).length;
        for (const [name, share] of [
          ["train", 0.7],
          ["validation", 0.1],
          ["test", 0.2],
        ] as const) {
          expect(Math.abs(of(splits[name]) - share * of(rows))).toBeLessThan(4);
        }
      }
    });
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
    expect(train.length + test.length).toBe(10);
    expect(test.length).toBeGreaterThan(0);
    expect(validation).toEqual([]);
    const one = splitRows(rows.slice(0, 1), { split: "7:1:2", seed: 3 });
    expect(SPLITS.flatMap((name) => one[name])).toEqual(rows.slice(0, 1));
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
