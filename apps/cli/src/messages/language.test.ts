import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { HAN, hasEnglish } from "../testing/english.js";
import { loraFixture, storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";
import { verbs } from "../verbs/index.js";
import { languageOfWords, systemLanguage } from "./language.js";
import { type Language, zh } from "./messages.js";
import { phrasesByOwner, zhPhrases } from "./zh-phrases.js";

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

/** Words that heads and names have in English and not in Chinese. */
const englishOnly = [
  ...["rows", "split", "train", "validation", "test", "tokens", "scored", "weight", "labels", "loss"],
  ...["validation loss", "perplexity", "tokens/s", "none", "repository", "size", "revisions"],
];

it("gives each phrase one translation, in one place", () => {
  const templates = Object.values(phrasesByOwner).flatMap((phrases) => Object.keys(phrases));
  const doubled = templates.filter((template, i) => templates.indexOf(template) !== i);
  expect(doubled).toEqual([]);
  expect(Object.keys(zhPhrases)).toHaveLength(templates.length);
});

describe("under zh", () => {
  it.each([["--help"], ...verbs.map(({ name }) => [...name.split(" "), "--help"])])(
    "the help of %s %s has no English",
    async (...words) => {
      const { stdout } = await runLathe([...words, "--language", "zh"]);
      // Examples are what one types; a long description breaks at a space of its own.
      const lines = stdout.split("\n").filter((line) => !line.startsWith("  $ "));
      expect(
        lines.filter((line) => hasEnglish(line) || /^(Usage|Options|Examples|Everywhere)/.test(line)),
      ).toEqual([]);
      expect(stdout).toMatch(HAN);
      expect((await runLathe([...words, "--language", "en"])).stdout.replace(/"你好"/g, "")).not.toMatch(HAN);
      expect((await runLathe(words, { env: { LANG: "zh_CN.UTF-8" } })).stdout).toBe(stdout);
    },
  );

  it.each<[faults: string, words: string[]]>([
    ["an unknown flag", ["train", "--learning-rat", "1"]],
    ["a flag of another program", ["train", "--lr", "1"]],
    ["a missing value", ["train", "--model"]],
    ["a stray argument", ["merge", "more"]],
    ["an unknown verb", ["trian"]],
    ["half a verb", ["setup"]],
    ["an unknown language", ["chat", "--language", "zh", "--model", "m", "--language", "xx"]],
    ["what is required", ["merge"]],
    ["values out of range", ["train", "--output", "o", "--beta1", "2", "--batch-size", "0", "--rank", "x"]],
    ["a value that is not offered", ["quantize", "--model", "m", "--output", "o", "--format", "int9"]],
    ["a size that is none", ["train", "--output", "o", "--memory", "much"]],
    ["a config file that is not there", ["train", "--config", "none.yaml"]],
    ["a config that is no mapping", ["train", "--config", "LIST"]],
    ["unknown keys of a config", ["train", "--config", "KEYS"]],
    ["values of a config", ["train", "--config", "VALUES"]],
    ["a config that is no YAML", ["train", "--config", "BROKEN"]],
    ["a model that is not there", ["chat", "--model", "org/model"]],
    ["a file as a model", ["chat", "--model", "KEYS"]],
    ["rows that are not there", ["prepare", "--input", "none.jsonl", "--output", "OUT"]],
    ["rows of an unknown kind", ["prepare", "--input", "KEYS", "--output", "OUT"]],
    ["a folder that must stay", ["prepare", "--input", "ROWS", "--output", "FOLDER"]],
    ["a place that cannot be", ["prepare", "--input", "ROWS", "--output", "/proc/x/y"]],
    ["a run without what it needs", ["train", "--output", "OUT"]],
    ["flags that contradict", ["train", "--output", "OUT", "--resume", "--overwrite"]],
    [
      "fields that contradict",
      ["train", "--output", "OUT", "--model", "MODEL", "--data", "ROWS", "--trainable", "a"],
    ],
    ["no prompt", ["generate", "--model", "MODEL"]],
    ["no template", ["generate", "--model", "MODEL", "--prompt", "a", "--system", "b", "--raw"]],
  ])("%s is told without English", async (_name, words) => {
    const folder = await temporaryFolder();
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const places: Record<string, string> = {
      LIST: await file("list.yaml", "- a"),
      KEYS: await file("keys.yaml", "modle: a\nlearning_rate: 1\nlearning-rate: 2\nlr: 3"),
      VALUES: await file("values.yaml", "beta1: 2\ntargets: [1]\nshuffle: maybe\nlayers: {a: 1}"),
      BROKEN: await file("broken.yaml", "a: [1"),
      ROWS: await writeJsonl(join(folder, "rows.jsonl"), [{ input: "a", output: "b" }]),
      FOLDER: folder,
      OUT: join(folder, "out"),
      MODEL: storiesModel,
    };
    const given = words.map((word) => places[word] ?? word);
    const language = words.includes("--language") ? [] : ["--language", "zh"];
    const { code, stderr } = await runLathe([...given, ...language], { env: { LANG: "zh_CN.UTF-8" } });
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(HAN);
    // What a parser of YAML says is its own.
    const lines = stderr
      .replaceAll(folder, "")
      .replace(/(YAML：).*/, "$1")
      .split("\n");
    expect(
      lines.filter((line) => hasEnglish(line) || /\b(expected|got|unknown|required)\b/.test(line)),
    ).toEqual([]);
  });
});

/** The faults of files: of a model, an adapter, rows, texts and runs. */
describe("under zh, a damaged file", () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);

  /** A copy of the model of stories with one of its files changed. */
  async function modelWith(
    name: string,
    file: string,
    change: (contents: Buffer) => string | Uint8Array,
  ): Promise<void> {
    await cp(storiesModel, at(name), { recursive: true });
    await writeFile(join(at(name), file), change(await readFile(join(at(name), file))));
  }
  /** A copy of the model of stories with some keys of a JSON file set. */
  const modelOf = (name: string, file: string, keys: Record<string, unknown>): Promise<void> =>
    modelWith(name, file, (contents) =>
      JSON.stringify({ ...(JSON.parse(contents.toString()) as object), ...keys }),
    );

  beforeAll(async () => {
    folder = await temporaryFolder();
    await modelWith("cut-config", "config.json", (contents) => contents.subarray(0, 40));
    await modelOf("other-kind", "config.json", { model_type: "gpt2", architectures: ["GPT2LMHeadModel"] });
    await modelOf("no-size", "config.json", { hidden_size: "x" });
    await modelOf("odd-heads", "config.json", { num_attention_heads: 7 });
    await modelOf("other-shape", "config.json", { intermediate_size: 64 });
    await modelOf("more-layers", "config.json", { num_hidden_layers: 99 });
    await modelWith("cut-weights", "model.safetensors", (contents) => contents.subarray(0, 5000));
    await modelWith("no-weights", "model.safetensors", () => "text");
    await modelWith("cut-tokenizer", "tokenizer.json", (contents) => contents.subarray(0, 300));
    await modelOf("no-vocabulary", "tokenizer.json", { model: { type: "BPE" } });
    await modelOf("odd-tokens", "tokenizer.json", { added_tokens: 3 });
    await modelOf("odd-template", "tokenizer_config.json", { chat_template: "{% if" });
    await modelOf("own-complaint", "tokenizer_config.json", {
      chat_template: "{{ raise_exception('no') }}",
    });
    await cp(join(loraFixture("qwen2-qv"), "adapter_end"), at("adapter"), { recursive: true });
    await cp(join(loraFixture("qwen2-qv"), "adapter_end"), at("odd-adapter"), { recursive: true });
    await writeFile(at("odd-adapter/adapter_config.json"), '{"peft_type":"LORA","r":"x"}');
    await writeFile(at("text.txt"), "a text");
    await writeFile(at("broken.jsonl"), '{"text":\n{"a":1,"a":2}\n');
    await writeFile(at("odd.csv"), "a,a\n1,2\n");
    await writeFile(at("odd.parquet"), "no parquet");
    await writeFile(at("odd.arrow"), "no arrow");
    await writeJsonl(at("rows.jsonl"), [{ input: "a", output: "b" }]);
    await writeJsonl(at("shapeless.jsonl"), [{ question: "a" }, [], { messages: 3 }]);
    await writeJsonl(at("ids.jsonl"), [{ input_ids: [1, 99_999], labels: [1, 99_999] }]);
    await writeJsonl(at("pairs.jsonl"), [{ prompt: "a", chosen: "b", rejected: "b" }]);
    await writeFile(at("report.json"), "{}");
    const packed = ["quantize", "--model", storiesModel, "--format", "int8", "--output", at("packed")];
    expect((await runLathe(packed)).code).toBe(0);
  });

  it.each<[faults: string, words: string[]]>([
    ["config that is cut off", ["doctor", "--model", "@cut-config"]],
    ["config of another kind of model", ["doctor", "--model", "@other-kind"]],
    ["config with a text as size", ["doctor", "--model", "@no-size"]],
    ["config whose heads do not fit", ["doctor", "--model", "@odd-heads"]],
    ["config for other shapes", ["generate", "--model", "@other-shape", "--ids", "1"]],
    ["config with more layers", ["generate", "--model", "@more-layers", "--ids", "1"]],
    ["file of weights that is cut off", ["generate", "--model", "@cut-weights", "--ids", "1"]],
    ["file of weights that is none", ["generate", "--model", "@no-weights", "--ids", "1"]],
    ["tokenizer that is cut off", ["chat", "--model", "@cut-tokenizer"]],
    ["tokenizer without a vocabulary", ["chat", "--model", "@no-vocabulary"]],
    ["tokenizer with odd tokens", ["chat", "--model", "@odd-tokens"]],
    ["template that does not parse", ["generate", "--model", "@odd-template", "--prompt", "a"]],
    ["template that complains", ["generate", "--model", "@own-complaint", "--prompt", "a"]],
    ["id outside the vocabulary", ["generate", "--model", "MODEL", "--ids", "99999"]],
    ["adapter of another model", ["generate", "--model", "MODEL", "--adapter", "@adapter", "--ids", "1"]],
    [
      "adapter with an odd config",
      ["generate", "--model", "MODEL", "--adapter", "@odd-adapter", "--ids", "1"],
    ],
    ["model that is packed already", ["quantize", "--model", "@packed", "--output", "@again"]],
    ["packed model to prune", ["prune", "--model", "@packed", "--output", "@again", "--sparsity", "2:4"]],
    ["sparsity that cannot be", ["prune", "--model", "MODEL", "--output", "@again", "--sparsity", "9"]],
    ["target that is not there", ["train", "--model", "MODEL", "--data", "@rows.jsonl", "--targets", "nope"]],
    ["file of rows of no shape", ["train", "--model", "MODEL", "--data", "@shapeless.jsonl"]],
    ["file of rows that is no JSON", ["train", "--model", "MODEL", "--data", "@broken.jsonl"]],
    ["row outside the vocabulary", ["score", "--model", "MODEL", "--data", "@ids.jsonl"]],
    [
      "pair with the same sides",
      ["train", "--model", "MODEL", "--data", "@pairs.jsonl", "--objective", "dpo"],
    ],
    ["file of rows that prepare refuses", ["prepare", "--input", "@shapeless.jsonl", "--output", "@out"]],
    ["header with a column twice", ["prepare", "--input", "@odd.csv", "--output", "@out"]],
    ["Parquet file that is none", ["prepare", "--input", "@odd.parquet", "--output", "@out"]],
    ["Arrow file that is none", ["train", "--model", "MODEL", "--data", "@odd.arrow"]],
    [
      "metric that is not known",
      ["eval", "--predictions", "@text.txt", "--references", "@text.txt", "--metrics", "rogue"],
    ],
    [
      "file of texts that is no JSON",
      ["eval", "--predictions", "@broken.jsonl", "--references", "@text.txt"],
    ],
    ["run that is none", ["train", "--resume", "--output", "@adapter"]],
    ["folder that is no run", ["train", "--model", "MODEL", "--data", "@rows.jsonl", "--output", "@adapter"]],
    ["report without a passport", ["rerun", "@report.json", "--output", "@again"]],
    ["engine that is not known", ["generate", "--model", "MODEL", "--ids", "1", "--engine", "gpu9"]],
    [
      "precision that an engine lacks",
      ["generate", "--model", "MODEL", "--ids", "1", "--engine", "cpu", "--precision", "float16"],
    ],
  ])("or a %s is told without English", async (_name, words) => {
    const given = words.map((word) => (word === "MODEL" ? storiesModel : word.replace(/^@/, `${folder}/`)));
    const output = words[0] === "train" && !words.includes("--output") ? ["--output", at("run")] : [];
    const { code, stderr } = await runLathe([...given, ...output, "--language", "zh"]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(HAN);
    // What a library says of its own, such as the parser of templates, stands in brackets or after a colon at the end of a line.
    const lines = stderr
      .replaceAll(folder, "")
      .replaceAll(storiesModel, "")
      .split("\n")
      .map((line) => line.replace(/(（|报错：|无法作为 Parquet 读取：|已损坏：).*/, "$1"));
    expect(
      lines.filter((line) => hasEnglish(line) || /\b(expected|got|unknown|required)\b/.test(line)),
    ).toEqual([]);
  });
});

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
      ["", "rerun", at("run/report.json"), "--output", at("again")],
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
    const lines = await everyLine("zh");
    expect(lines.filter(hasEnglish)).toEqual([]);
    for (const word of englishOnly) {
      expect(zhPhrases[word], word).toMatch(HAN);
      const alone = new RegExp(`(^|\\s)${word}(\\s|$)`, "u");
      expect(lines.filter((line) => alone.test(line))).toEqual([]);
    }
    expect(lines.filter((line) => HAN.test(line)).length).toBeGreaterThan(20);
  }, 120_000);
});

it("phrases have the gaps of their English, once each", () => {
  const gaps = (text: string): string[] => (text.match(/\{\d+\}/g) ?? []).sort();
  for (const [english, chinese] of Object.entries(zh.phrases))
    expect(gaps(chinese), english).toEqual(gaps(english));
});
