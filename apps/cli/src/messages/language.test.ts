import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";
import { en } from "./en.js";
import { type Language, languageOfWords, systemLanguage } from "./language.js";
import { zh } from "./zh.js";

describe("systemLanguage", () => {
  it.each([
    [{ LANG: "zh_CN.UTF-8" }, "zh"],
    [{ LANG: "zh_TW" }, "zh"],
    [{ LANG: "en_US.UTF-8" }, "en"],
    [{ LANG: "fr_FR.UTF-8" }, "en"],
    [{}, "en"],
    [{ LANG: "zh_CN.UTF-8", LC_MESSAGES: "en_US.UTF-8" }, "en"],
    [{ LANG: "en_US.UTF-8", LC_ALL: "zh_CN.UTF-8", LC_MESSAGES: "C" }, "zh"],
    [{ LANG: "zh_CN.UTF-8", LC_ALL: "" }, "zh"],
  ])("under %j is %s", (env, language) => {
    expect(systemLanguage(env)).toBe(language);
  });
});

describe("languageOfWords", () => {
  it.each([
    [["train", "--language", "en"], "en"],
    [["train", "--language=en"], "en"],
    [["--language", "zh", "--language", "en"], "en"],
    [["train"], "zh"],
    [["train", "--language"], "zh"],
    [["train", "--language", "xx"], "zh"],
  ])("of %j under a Chinese system is %s", (words, language) => {
    expect(languageOfWords(words, { LANG: "zh_CN.UTF-8" })).toBe(language);
  });
});

const HAN = /[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]/;

/** Words that heads and names have in English and not in Chinese. */
const englishOnly = (Object.keys(en.words) as (keyof typeof en.words)[])
  .filter((word) => en.words[word] !== zh.words[word])
  .map((word) => en.words[word]);

describe("every line of the command", () => {
  let folder: string;
  let rows: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const texts = ["Tom had a cat.", "The dog ran.", "Lily was sad.", "A big red ball.", "They play."];
    rows = await writeJsonl(
      join(folder, "rows.jsonl"),
      Array.from({ length: 40 }, (_, index) => ({
        input: `${texts[index % 5]} ${index}`,
        output: texts[(index * 3) % 5],
      })),
    );
  });

  /** What the verbs say, line by line, without the values of the tests' own. */
  async function everyLine(language: Language): Promise<string[]> {
    const at = (name: string): string => join(folder, language, name);
    const model = ["--model", storiesModel];
    const lines: string[] = [];
    for (const [stdin, ...words] of [
      ["", "prepare", "--input", rows, "--output", at("prepared"), ...model],
      [
        "",
        "train",
        ...model,
        "--data",
        rows,
        "--output",
        at("run"),
        "--max-steps",
        "2",
        "--validation",
        rows,
      ],
      ["", "score", ...model, "--data", rows],
      ["", "eval", ...model, "--data", rows, "--limit", "2", "--max-new-tokens", "2"],
      ["", "merge", ...model, "--adapter", at("run/adapter"), "--output", at("merged")],
      ["", "quantize", ...model, "--format", "int8", "--output", at("packed")],
      ["", "prune", ...model, "--sparsity", "2:4", "--output", at("sparse")],
      ["Tom\n/reset\n", "chat", ...model, "--max-new-tokens", "1"],
      ["", "doctor", ...model],
    ]) {
      const { code, stdout, stderr } = await runLathe([...words, "--language", language], { stdin });
      expect(code, stderr).toBe(0);
      lines.push(...`${stdout}\n${stderr}`.replaceAll(folder, "").replaceAll(storiesModel, "").split("\n"));
    }
    return lines;
  }

  it("is English under en, whatever the system's language", async () => {
    expect((await everyLine("en")).filter((line) => HAN.test(line))).toEqual([]);
  }, 120_000);

  it("has no English heads or names under zh", async () => {
    // Why an engine does not run is an error, and errors are English everywhere.
    const lines = (await everyLine("zh")).filter((line) => !/^\S+ +否 /.test(line));
    for (const word of englishOnly) {
      const alone = new RegExp(`(^|\\s)${word}(\\s|$)`, "u");
      expect(lines.filter((line) => alone.test(line))).toEqual([]);
    }
    expect(lines.filter((line) => HAN.test(line)).length).toBeGreaterThan(20);
  }, 120_000);
});

it("languages have the same messages", () => {
  expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
});
