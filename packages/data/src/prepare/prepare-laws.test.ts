import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { prepare, type RowTokenizer, TokenDataset } from "../index.js";
import { SPLITS } from "../split/split-weights.js";

/** Laws that hold whatever the rows and settings are; rows are known by a number of their own, or by the line they came from. */
const tokenizer: RowTokenizer = {
  encode: (text) => Array.from(text, (character) => 2 + (character.codePointAt(0)! % 65_000)),
  renderChat: (messages) => messages.map(({ role, content }) => `${role}:${content};`).join(""),
  beginOfSequenceId: 0,
  endOfSequenceId: 1,
};

const WORDS = [
  "退款",
  "订单",
  "please",
  "hotel",
  "谢谢",
  "13800138000",
  "好",
  "\u200b",
  "<b>",
  "a@b.cn",
  "  ",
  "𠮷",
];

/** Lines of rows of many shapes, some malformed, of no shape, empty, doubled or near copies. */
function someLines(random: SeededRandom): string[] {
  const texts: string[] = [];
  const text = (): string => {
    if (texts.length > 0 && random.next() < 0.3) {
      const earlier = random.pick(texts);
      return random.next() < 0.5 ? earlier : `${earlier}！`;
    }
    texts.push(random.text(WORDS, 40));
    return texts[texts.length - 1];
  };
  return Array.from({ length: random.integer(30, 300) }, (_, number) => {
    const row = random.pick<() => object>([
      () => ({ input: text(), output: text() }),
      () => ({ instruction: text(), input: text(), output: text() }),
      () => ({ text: text() }),
      () => ({ prompt: text(), completion: text() }),
      () => ({
        messages: [
          { role: "user", content: text() },
          { role: "assistant", content: text() },
        ],
        dialogue: random.integer(0, 20),
      }),
    ])();
    const line = JSON.stringify({ ...row, number });
    if (random.next() < 0.03) return line.slice(0, random.integer(1, line.length - 1));
    return random.next() < 0.03 ? JSON.stringify({ nothing: 1, number }) : line;
  });
}

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it("loses no row and invents none, puts each in one place, and masks every token", async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = new SeededRandom(seed);
    const folder = temporaryFolder();
    const input = join(folder, "rows.jsonl");
    const lines = someLines(random);
    writeFileSync(input, lines.join("\n"));
    const output = join(folder, "out");
    const result = await prepare({
      inputs: [input],
      output,
      seed,
      split: random.pick(["7:1:2", "1:1:1", "8:0:2"]),
      nearDuplicates: random.pick([0.85, 0.6, "off"] as const),
      keepNearDuplicates: random.next() < 0.3,
      tokenizer,
      ...(random.next() < 0.5 ? { maxTokens: random.integer(10, 200) } : {}),
      overlong: random.pick(["cut-right", "cut-left", "drop", "split-turns"] as const),
      rejectLimit: 1,
    });
    const said = `seed ${seed}`;
    const rejected = linesOf(join(output, "rejected.jsonl"));
    const kept = SPLITS.map((name) => linesOf(join(output, `${name}.jsonl`)));
    const places = [
      ...rejected.map(({ line }) => (line as number) - 1),
      ...kept.flat().map(({ number }) => number as number),
    ].sort((left, right) => left - right);
    expect(places, said).toEqual([...lines.keys()]);
    expect(result.read, said).toBe(lines.length);
    expect(result.rejected, said).toBe(rejected.length);
    expect(result.kept, said).toBe(kept.flat().length);
    for (const [at, name] of SPLITS.entries()) {
      expect(result.splits[name], said).toBe(kept[at].length);
      const tokens = await TokenDataset.open(join(output, `${name}.arrow`));
      const told = new Set<number>();
      for (const { inputIds, labels, row } of tokens) {
        told.add(row);
        expect(labels.length, said).toBe(inputIds.length);
        expect(
          labels.some((label) => label !== -100),
          said,
        ).toBe(true);
        for (const [place, label] of labels.entries())
          if (label !== -100 && label !== inputIds[place]) expect(label, said).toBe(inputIds[place]);
      }
      expect([...told], said).toEqual([...kept[at].keys()]);
    }
  }
});
