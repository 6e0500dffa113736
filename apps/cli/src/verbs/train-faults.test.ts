import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let data: string;
let count = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), [
    { input_ids: [1, 2, 3, 4], labels: [-100, 2, 3, 4] },
    { input_ids: [5, 6, 7], labels: [5, 6, 7] },
  ]);
});

/** A copy of a model folder in which something can be broken. */
async function copyOf(model: string): Promise<string> {
  const copy = join(folder, `model-${++count}`);
  await mkdir(copy);
  for (const file of await readdir(model)) {
    if (!file.startsWith("expected")) await cp(join(model, file), join(copy, file));
  }
  return copy;
}

async function editConfig(copy: string, change: Record<string, unknown>): Promise<void> {
  const path = join(copy, "config.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
}

/** Rewrites the header of a safetensors file, whose length stands in its first eight bytes. */
async function editHeader(
  copy: string,
  change: (header: Record<string, { dtype: string; data_offsets: number[] }>) => void,
  length?: bigint,
): Promise<void> {
  const path = join(copy, "model.safetensors");
  const bytes = await readFile(path);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, end).toString());
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(text.length));
  await writeFile(path, Buffer.concat([size, text, bytes.subarray(end)]));
}

const QUERY = "model.layers.0.self_attn.q_proj.weight";
const KEY = "model.layers.0.self_attn.k_proj.weight";

type Break = (copy: string) => Promise<unknown>;

const broken: [what: string, base: string, damage: Break, message: RegExp][] = [
  ["no weights", "qwen2", (copy) => rm(join(copy, "model.safetensors")), /expected .*safetensors/],
  [
    "cut weights",
    "qwen2",
    async (copy) => {
      const path = join(copy, "model.safetensors");
      await writeFile(path, (await readFile(path)).subarray(0, 50_000));
    },
    /model\.safetensors/,
  ],
  [
    "a header that is said to be longer than the file",
    "qwen2",
    (copy) => editHeader(copy, () => undefined, 1n << 40n),
    /header/,
  ],
  [
    "a header that is said to be huge",
    "qwen2",
    (copy) => editHeader(copy, () => undefined, (1n << 64n) - 1n),
    /header/,
  ],
  [
    "tensors that overlap",
    "qwen2",
    (copy) =>
      editHeader(
        copy,
        (header) => (header[KEY].data_offsets = header[QUERY].data_offsets.map((at: number) => at + 4)),
      ),
    /tensor/,
  ],
  [
    "a tensor beyond the end",
    "qwen2",
    (copy) => editHeader(copy, (header) => (header[QUERY].data_offsets = [1e9, 1e9 + 64 * 64 * 4])),
    /tensor/,
  ],
  ["an unknown dtype", "qwen2", (copy) => editHeader(copy, (header) => (header[QUERY].dtype = "F7")), /F7/],
  ["an unknown architecture", "qwen2", (copy) => editConfig(copy, { model_type: "mamba" }), /mamba/],
  [
    "a config that contradicts the weights",
    "qwen2",
    (copy) => editConfig(copy, { intermediate_size: 100 }),
    /\[100, 64\].*\[176, 64\]/,
  ],
  [
    "more layers than weights",
    "qwen2",
    (copy) => editConfig(copy, { num_hidden_layers: 4 }),
    /model\.layers\.3/,
  ],
  ["no config", "qwen2", (copy) => rm(join(copy, "config.json")), /config\.json/],
  [
    "a config that is no JSON",
    "qwen2",
    (copy) => writeFile(join(copy, "config.json"), "{"),
    /config\.json.*JSON/,
  ],
  [
    "a tokenizer larger than the embedding",
    "stories",
    async (copy) => {
      const path = join(copy, "tokenizer.json");
      const tokenizer = JSON.parse(await readFile(path, "utf8"));
      tokenizer.added_tokens.push({ ...tokenizer.added_tokens[0], id: 600, content: "<extra>" });
      await writeFile(path, JSON.stringify(tokenizer));
    },
    /token ids below 512.*600/,
  ],
];

describe("a model that is not sound", () => {
  it.each(broken)("%s (%s)", async (_what, base, damage, message) => {
    const copy = await copyOf(base === "stories" ? storiesModel : tinyModel("qwen2"));
    await damage(copy);
    await expectRefusal(["--model", copy], message);
  });

  it("no folder at all", () => expectRefusal(["--model", join(folder, "nowhere")], /nowhere/));
});

describe("input that is not sound", () => {
  const words = ["--model", tinyModel("qwen2")];

  it.each([
    [["--targets", "q_prj"], /among q_proj, k_proj, .*got \["q_prj"\]/],
    [["--layers", "7"], /7/],
    [["--layers", "3-1"], /--layers: expected layer numbers and ranges such as 0-3,8, got "3-1"/],
    [["--rank", "0"], /--rank: expected a whole number from 1, got 0/],
    [["--alpha", "0"], /--alpha: expected a number above 0, got 0/],
    [["--dropout", "1"], /--dropout: expected a number from 0, below 1, got 1/],
    [["--learning-rate", "-1"], /--learning-rate: expected a number from 0, got -1/],
    [["--batch-size", "0"], /--batch-size: expected a whole number from 1, got 0/],
    [["--epochs", "0"], /--epochs: expected a number above 0, got 0/],
    [["--schedule", "square"], /--schedule: expected one of cosine, linear, constant, got "square"/],
    [
      ["--rank-pattern", "q_proj"],
      /--rank-pattern: expected names and numbers such as o_proj=4, got "q_proj"/,
    ],
    [["--engine", "steam"], /engine steam is unknown/],
    [["--precision", "fp8"], /--precision: expected one of auto, fp32, bf16/],
    [["--no-such-flag"], /unknown flag --no-such-flag/],
    [["--data", "nowhere.jsonl"], /nowhere\.jsonl/],
    [["--init-adapter", "nowhere"], /nowhere: expected an adapter folder/],
  ])("%j", (more, message) => expectRefusal([...words, ...more], message));

  it("a file that holds no rows", async () => {
    const file = join(folder, "rows.yaml");
    await writeFile(file, "rows:\n  - input: a\n    output: b\n");
    await expectRefusal([...words, "--data", file], /rows\.yaml/);
  });

  it("an adapter for another model", () =>
    expectRefusal(
      [...words, "--init-adapter", join(loraFixture("qwen3-pattern"), "adapter_start")],
      /another model/,
    ));

  it("an unknown key in the config file, with the nearest", async () => {
    const config = join(folder, "run.yaml");
    await writeFile(config, "learningrate: 1e-3\nrnak: 4\n");
    await expectRefusal([...words, "--config", config], /unknown key "rnak"; did you mean rank\?/);
  });

  it("rows of text for a model without a tokenizer", async () => {
    const file = await writeJsonl(join(folder, "text.jsonl"), [{ text: "a" }]);
    await expectRefusal([...words, "--data", file], /text\.jsonl:1: a text row needs a tokenizer/);
  });

  it("more than a twentieth of the rows malformed, unless that is allowed", async () => {
    const file = join(folder, "malformed.jsonl");
    const good = JSON.stringify({ input_ids: [1, 2, 3] });
    await writeFile(file, `${Array(9).fill(good).join("\n")}\n{"input_ids": [1, 2\n`);
    await expectRefusal(
      [...words, "--data", file],
      /1 of 10 rows cannot be used.*5 %[^]*malformed\.jsonl:10: not valid JSON/,
    );
    const output = join(folder, "allowed");
    const run = [
      "train",
      ...words,
      "--data",
      file,
      "--output",
      output,
      "--max-steps",
      "1",
      "--reject-limit",
      "0.1",
    ];
    expect((await runLathe(run)).code).toBe(0);
  });

  it("no row with anything to learn", async () => {
    const file = await writeJsonl(join(folder, "silent.jsonl"), [
      { input_ids: [1, 2], labels: [-100, -100] },
    ]);
    await expectRefusal(
      [...words, "--data", file],
      /leaves no row to train on: 1 read, 0 unusable, 1 without a label/,
    );
  });

  it("what is missing, all at once", async () => {
    const { stderr, code } = await runLathe(["train", "--rank", "0"]);
    expect(code).toBe(2);
    for (const part of [
      "--model dir is required",
      "--data file is required",
      "--output dir is required",
      "--rank:",
    ]) {
      expect(stderr).toContain(part);
    }
  });
});

describe("an output that is in the way", () => {
  const train = (output: string, ...words: string[]) =>
    runLathe([
      "train",
      "--model",
      tinyModel("qwen2"),
      "--data",
      data,
      "--output",
      output,
      "--max-steps",
      "1",
      ...words,
    ]);

  it("is replaced only when that is said, and only when it is a run", async () => {
    const output = join(folder, "run");
    expect((await train(output)).code).toBe(0);
    const before = await readFile(join(output, "metrics.jsonl"));
    const refused = await train(output);
    expect(refused.stderr).toContain(`${output}: exists already`);
    expect(refused.code).toBe(2);
    expect(await readFile(join(output, "metrics.jsonl"))).toEqual(before);
    expect((await train(output, "--overwrite")).code).toBe(0);

    const foreign = join(folder, "foreign");
    await mkdir(foreign);
    await writeFile(join(foreign, "thesis.txt"), "years of work");
    expect((await train(foreign, "--overwrite")).code).toBe(2);
    expect(await readdir(foreign)).toEqual(["thesis.txt"]);
  });

  it("is not replaced when the new run reads from it", async () => {
    const output = join(folder, "source");
    await train(output);
    const { code, stderr } = await train(output, "--overwrite", "--init-adapter", join(output, "adapter"));
    expect(stderr).toContain("overwriting it would delete");
    expect(code).toBe(2);
    expect((await stat(join(output, "adapter"))).isDirectory()).toBe(true);
  });
});

/** One clear sentence, exit 2, nothing written. */
async function expectRefusal(words: readonly string[], message: RegExp): Promise<void> {
  const output = join(folder, `refused-${++count}`);
  const { code, stderr, stdout, json } = await runLathe([
    ...["train", "--data", data, "--output", output, "--max-steps", "1", "--json"],
    ...words,
  ]);
  expect(stderr).toMatch(message);
  expect(code, stderr).toBe(2);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(json).toMatchObject({
    error: { name: expect.any(String), message: expect.stringMatching(message) },
  });
  expect(stderr).not.toMatch(/\n\s+at /);
  await expect(stat(output)).rejects.toThrow("ENOENT");
}

it.each([
  [
    "en",
    [
      "--lora-plus-ratio sets apart",
      "--quantize packs weights",
      "--rank describes an adapter",
      "--beta1 is a constant",
      "--beta belongs to",
      "--patience waits",
    ],
  ],
  ["zh", ["--lora-plus-ratio", "--quantize", "--rank", "--beta1", "--beta 属于", "--patience 等待评估结果"]],
])(
  "refuses all contradictions at once, before it looks at model, rows or output (%s)",
  async (language, said) => {
    const nowhere = join(folder, "nowhere");
    const words = ["--model", nowhere, "--data", nowhere, "--output", join(folder, "rows.jsonl")];
    const contradictory = ["--method", "full", "--quantize", "nf4", "--rank", "4", "--lora-plus-ratio", "16"];
    const others = ["--optimizer", "adafactor", "--beta1", "0.5", "--beta", "0.1", "--patience", "3"];
    const all = [...words, ...contradictory, ...others, "--language", language];
    const { code, stderr } = await runLathe(["train", ...all]);
    expect(code).toBe(2);
    for (const part of said) expect(stderr).toContain(part);
    expect(stderr).not.toContain("nowhere");
  },
);

it.each([
  ["alone", []],
  ["beside what is out of range", ["--alpha", "-1"]],
])("says each contradiction of an adapter once, with its fix, %s", async (_, more) => {
  const words = ["--model", tinyModel("qwen2"), "--data", data, "--output", join(folder, "contradictory")];
  const adapter = ["--use-dora", "--init", "pissa", "--keep-sparsity", "--language", "en"];
  const { code, stderr } = await runLathe(["train", ...words, ...adapter, ...more]);
  expect(code).toBe(2);
  const sentences = [
    "--init pissa begins with a part of the weights, of which --use-dora trains the lengths of rows apart: begin with kaiming",
    "--init pissa takes a part out of every weight, zeros too, which --keep-sparsity would keep: begin with kaiming",
    "--keep-sparsity leaves zeros alone, and --use-dora rescales whole rows: leave one of them out",
  ];
  for (const sentence of sentences) expect(stderr.split(sentence)).toHaveLength(2);
  expect(stderr).not.toContain("useDora");
});

it.each(["train", "plan"])(
  "%s says what is out of range together with what contradicts itself",
  async (verb) => {
    const words = ["--model", join(folder, "nowhere"), "--learning-rate", "-1", "--batch-size", "0"];
    const contradictory = ["--method", "full", "--rank", "4", "--beta", "0.1"];
    const { code, stderr } = await runLathe([verb, ...words, ...contradictory, "--language", "en"]);
    expect(code).toBe(2);
    for (const part of [
      "--learning-rate: expected",
      "--batch-size: expected",
      "--rank describes",
      "--beta belongs",
    ]) {
      expect(stderr).toContain(part);
    }
  },
);
