import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nearTexts } from "../../testing/near-texts.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { findLeaks, prepare } from "../index.js";

type Json = Record<string, unknown>;

const lines = (rows: readonly Json[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const question = (of: string): string =>
  `请问${of}的营业时间是几点到几点？周末也开门吗？我想周六下午带孩子过来看看，大约两个大人三个孩子，需要提前订位吗？停车方便吗？附近有没有地铁站，坐几号线比较快？`;
const row = (of: string, further: Json = {}): Json => ({
  input: question(of),
  output: `${of}天天营业。`,
  ...further,
});

/** A folder of splits as other programs write it, without a manifest. */
function splits(of: Readonly<Record<string, readonly Json[]>>): string {
  const folder = join(temporaryFolder(), "splits");
  mkdirSync(folder);
  for (const [name, rows] of Object.entries(of)) writeFileSync(join(folder, `${name}.jsonl`), lines(rows));
  return folder;
}

describe("findLeaks", () => {
  it("finds what a row scored on has in train and validation, the closest of each", async () => {
    const folder = splits({
      train: [row("故宫"), row("长城饭店西餐厅和咖啡厅"), { text: "另一行" }],
      validation: [row("颐和园"), row("故宫", { output: "故宫天天营业！" })],
      test: [
        row("颐和园", { output: "颐和园天天营业呀。" }),
        { input: "不相干的问题", output: "不相干的回答" },
      ],
    });
    const { leaks, rows, changed } = await findLeaks({ folder });
    expect(rows).toEqual({ train: 3, validation: 2, test: 2, added: 0, benchmarks: 0 });
    expect(changed).toEqual([]);
    const [test, validation] = [join(folder, "test.jsonl"), join(folder, "validation.jsonl")];
    expect(leaks.map((leak) => [leak.test.file, leak.test.line, leak.train.file, leak.train.line])).toEqual([
      [test, 1, validation, 1],
      [validation, 2, join(folder, "train.jsonl"), 1],
    ]);
    expect(leaks.every(({ similarity }) => similarity >= 0.85 && similarity < 1)).toBe(true);
    expect(leaks[0].test.text).toMatch(/^请问颐和园/);
  });

  it("finds none in what prepare wrote, whatever the rows", async () => {
    await Promise.all(
      [1, 2, 3].map(async (seed) => {
        const folder = temporaryFolder();
        const texts = nearTexts(400, new SeededRandom(seed));
        writeFileSync(join(folder, "rows.jsonl"), lines(texts.map((text) => ({ text }))));
        const output = join(folder, "out");
        for (const keepNearDuplicates of [false, true]) {
          await prepare({
            inputs: [join(folder, "rows.jsonl")],
            output,
            keepNearDuplicates,
            overwrite: true,
          });
          expect((await findLeaks({ folder: output })).leaks, `seed ${seed}`).toEqual([]);
        }
        await prepare({
          inputs: [join(folder, "rows.jsonl")],
          output,
          nearDuplicates: "off",
          overwrite: true,
        });
        expect((await findLeaks({ folder: output })).leaks.length, `seed ${seed}`).toBeGreaterThan(0);
      }),
    );
  });

  it("finds a row that was added by hand, and says which file changed", async () => {
    const folder = temporaryFolder();
    const all = Array.from({ length: 60 }, (_, id) => ({
      input: `第${id}个问题是什么？`,
      output: `答案是${id * 7919}。`,
    }));
    writeFileSync(join(folder, "rows.jsonl"), lines(all));
    const output = join(folder, "out");
    await prepare({ inputs: [join(folder, "rows.jsonl")], output });
    const [first] = readFileSync(join(output, "test.jsonl"), "utf8").split("\n");
    appendFileSync(join(output, "train.jsonl"), `${first}\n`);
    const { leaks, changed } = await findLeaks({ folder: output });
    expect(leaks).toMatchObject([{ test: { line: 1 }, similarity: 1 }]);
    expect(changed).toEqual([join(output, "train.jsonl")]);
  });

  it("compares files to be added, and benchmarks of any shape by whole rows and by questions", async () => {
    const folder = splits({ train: [row("故宫")], test: [row("国家博物馆的古代中国陈列")] });
    const added = join(folder, "more.jsonl");
    writeFileSync(
      added,
      lines([
        {
          messages: [
            { role: "user", content: question("国家博物馆的古代中国陈列") },
            { role: "assistant", content: "国家博物馆的古代中国陈列天天营业。" },
          ],
        },
      ]),
    );
    expect((await findLeaks({ folder, add: [added] })).leaks).toMatchObject([
      { test: { file: join(folder, "test.jsonl") }, train: { file: added, line: 1 }, similarity: 1 },
    ]);
    const bench = join(folder, "bench.jsonl");
    writeFileSync(
      bench,
      lines([
        { question: question("故宫"), gold: 9 },
        { input: question("故宫"), output: "B" },
        { question: "别的问题", gold: 1 },
      ]),
    );
    const { leaks, rows } = await findLeaks({ folder, against: [bench] });
    expect(rows.benchmarks).toBe(3);
    expect(leaks).toMatchObject([
      { test: { file: bench, line: 1 }, train: { line: 1 }, similarity: 1 },
      { test: { file: bench, line: 2 }, train: { line: 1 }, similarity: 1 },
    ]);
  });

  it("refuses a folder without splits and rows that are broken", async () => {
    await expect(findLeaks({ folder: temporaryFolder() })).rejects.toThrow(/has no train\.jsonl/);
    const folder = splits({ train: [row("故宫")], test: [{ odd: 1 }] });
    await expect(findLeaks({ folder })).rejects.toThrow(/test\.jsonl:1: /);
    await expect(findLeaks({ folder, threshold: 0 })).rejects.toThrow(/option nearDuplicates/);
  });
});
