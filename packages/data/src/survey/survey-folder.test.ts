import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { forSeeds, SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { MANIFEST_FORMAT, prepare, surveyFolder } from "../index.js";
import { LengthHistogram } from "./histogram.js";
import { Reservoir } from "./reservoir.js";
import { topNGrams } from "./top-n-grams.js";
import { topicsOf } from "./topics.js";
import { wordsOf } from "./words-of.js";

describe("LengthHistogram", () => {
  it("counts every value in the bin it lies in", () => {
    forSeeds(30, (random) => {
      const values = Array.from({ length: random.integer(0, 200) }, () =>
        random.integer(0, 2 ** random.integer(0, 20)),
      );
      const histogram = new LengthHistogram();
      for (const value of values) histogram.add(value);
      const { bins, count, sum, longest } = histogram.result();
      expect([count, sum, longest]).toEqual([
        values.length,
        values.reduce((a, b) => a + b, 0),
        Math.max(0, ...values),
      ]);
      expect(bins.reduce((all, bin) => all + bin.count, 0)).toBe(values.length);
      for (const bin of bins) {
        expect(bin.count).toBe(values.filter((value) => value >= bin.from && value < bin.to).length);
      }
    });
  });
});

describe("Reservoir", () => {
  it("keeps all where there is room, and each of more with the same chance", () => {
    const times = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      const reservoir = new Reservoir<number>(5, seed);
      for (let item = 0; item < 20; item++) {
        reservoir.add(item);
        if (item === 4) expect(reservoir.items).toEqual([0, 1, 2, 3, 4]);
      }
      expect(new Set(reservoir.items).size).toBe(5);
      for (const item of reservoir.items) times[item] += 1;
    }
    // 1000 expected, standard deviation 27: five of them are passed once in two million.
    for (const count of times) expect(Math.abs(count - 1000)).toBeLessThan(5 * 27.4);
  });
});

describe("wordsOf", () => {
  it("parts Chinese and English, without marks", () => {
    expect(wordsOf("请问，退款 Order 何时到账？")).toEqual(["请问", "退款", "order", "何时", "到", "账"]);
  });
});

describe("topNGrams", () => {
  it("counts rows, not places, and none of a single row", () => {
    const rows = ["a b c a b c", "x a b c", "b c d"].map((text) => text.split(" "));
    expect(topNGrams(rows, 2, 10)).toEqual([
      { words: ["b", "c"], rows: 3 },
      { words: ["a", "b"], rows: 2 },
    ]);
  });
});

describe("topicsOf", () => {
  it("finds groups of rows that share no words with others", () => {
    const groups = [
      ["refund", "money", "bank", "card"],
      ["hotel", "room", "breakfast", "bed"],
      ["train", "ticket", "station", "seat"],
    ];
    forSeeds(5, (random) => {
      const rows = Array.from({ length: 240 }, (_, row) =>
        Array.from({ length: 8 }, () => random.pick(groups[row % groups.length])),
      );
      const topics = topicsOf(rows, random.seed);
      expect(topics.reduce((sum, topic) => sum + topic.rows, 0)).toBe(240);
      for (const { words, example } of topics) {
        const own = groups[example % groups.length];
        expect(words.every((word) => own.includes(word))).toBe(true);
      }
      expect(new Set(topics.map(({ example }) => example % groups.length)).size).toBe(groups.length);
    });
  });

  it("has none of a few rows, or of rows that are alike", () => {
    expect(topicsOf([["a"], ["b"]], 0)).toEqual([]);
    expect(
      topicsOf(
        Array.from({ length: 50 }, () => ["same", "words"]),
        0,
      ),
    ).toEqual([]);
  });
});

describe("surveyFolder", () => {
  it("counts what prepare wrote", async () => {
    const folder = temporaryFolder();
    const random = new SeededRandom(3);
    const rows = Array.from({ length: 300 }, (_, row) => ({
      input:
        row % 3 === 0
          ? `where is parcel ${random.integer(0, 1e9)} of mine`
          : `第${random.integer(0, 1e9)}个包裹在哪里？`,
      output: row % 3 === 0 ? `it is on its way ${row}` : `正在派送，编号${row}。电话13912345678`,
    }));
    writeFileSync(join(folder, "rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const output = join(folder, "prepared");
    const result = await prepare({
      inputs: [join(folder, "rows.jsonl")],
      output,
      seed: 2,
      nearDuplicates: "off",
    });
    const survey = await surveyFolder({ folder: output, sampledRows: 5 });
    const { read, kept, rejected, rules, personalData, clusters, examples } = result;
    expect(survey.prepared).toEqual({ read, kept, rejected, rules, personalData, clusters, examples });
    expect(survey.splits).toEqual(result.splits);
    expect(survey.languages).toEqual({ zh: 200, latin: 100 });
    expect(survey.characters.count).toBe(kept);
    expect(survey.tokens).toBeNull();
    expect(survey.lookedAt).toBe(kept);
    expect(survey.sample).toHaveLength(5);
    expect(survey.nGrams[0].rows).toBeGreaterThan(90);
    expect(await surveyFolder({ folder: output, sampledRows: 5 })).toEqual(survey);
  });

  it("takes a folder without a manifest, and a manifest that anybody changed", async () => {
    const folder = temporaryFolder();
    await expect(surveyFolder({ folder })).rejects.toThrow("has no rows in train.jsonl");
    writeFileSync(
      join(folder, "train.jsonl"),
      `${JSON.stringify({ input: "ここはどこですか", output: "渋谷です" })}\n`,
    );
    expect(await surveyFolder({ folder })).toMatchObject({
      prepared: null,
      languages: { ja: 1 },
      topics: [],
      nGrams: [],
    });
    const manifest = {
      format: MANIFEST_FORMAT,
      rules: { a: "x", b: 2 },
      read: "no",
      examples: { b: [{ file: 1 }], c: 3 },
    };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    const { prepared } = await surveyFolder({ folder });
    expect(prepared).toMatchObject({ read: 0, rules: { b: 2 }, examples: { b: [], c: [] } });
  });
});
