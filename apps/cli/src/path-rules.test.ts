import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder } from "./testing/folders.js";
import { optionDetails } from "@lathe/files";
import { verbs } from "./verbs/index.js";
import { pathRules } from "./path-rules.js";
import { runLathe } from "./testing/run-lathe.js";

let root: string;
let run: string;
let prepared: string;
beforeAll(async () => {
  root = await temporaryFolder();
  [run, prepared] = [join(root, "run"), join(root, "prepared")];
  await mkdir(join(run, "adapter"), { recursive: true });
  await mkdir(prepared);
  const files = [
    ...["config.json", "metrics.jsonl", "adapter/adapter_config.json"].map((name) => join(run, name)),
    ...["manifest.json", "train.jsonl", "validation.jsonl", "test.jsonl"].map((name) => join(prepared, name)),
  ];
  for (const file of files) await writeFile(file, "");
});

it("has a rule for every option of a path", async () => {
  const definitions = await Promise.all(verbs.map(({ load }) => load()));
  const paths = definitions
    .flatMap(({ options }) => Object.values(options.shape))
    .flatMap((schema) => optionDetails(schema).path ?? []);
  expect(paths.length).toBeGreaterThan(30);
  const lacking = join(root, "lacking");
  for (const path of paths) expect(await pathRules.check(`name=${lacking}`, path)).toBeNull();
});

describe("the command", () => {
  it.each([
    [
      "train",
      "--model",
      "packages/Qwen3-0.6B",
      /^lathe: --model: no such folder; if packages\/Qwen3-0.6B on a hub is meant, give hf:packages/,
    ],
    ["train", "--data", "PREPARED", /^lathe: --data: .* is a folder that prepare wrote/],
    ["train", "--validation", "PREPARED", /^lathe: --validation: .*validation\.jsonl/],
    ["train", "--init-adapter", "RUN", /^lathe: --init-adapter: .* its adapter is/],
    ["chat", "--adapter", "RUN", /^lathe: --adapter: .* its adapter is/],
    ["generate", "--adapter", "RUN", /^lathe: --adapter: .* its adapter is/],
    ["merge", "--adapter", "RUN", /^lathe: --adapter: .* its adapter is/],
    ["eval", "--data", "PREPARED", /^lathe: --data: .*test\.jsonl/],
    ["score", "--data", "PREPARED", /^lathe: --data: .* is a folder that prepare wrote/],
    ["prepare", "--input", "PREPARED", /^lathe: --input: .* is a folder that prepare wrote/],
    ["quantize", "--model", "RUN", /^lathe: --model: .* is the folder of a run/],
    ["doctor", "--model", "RUN", /^lathe: --model: .* is the folder of a run/],
  ])("%s %s %s", async (verb, flag, given, message) => {
    const sound: Record<string, Record<string, string>> = {
      train: {
        "--model": storiesModel,
        "--data": join(prepared, "train.jsonl"),
        "--output": join(root, "new"),
      },
      chat: { "--model": storiesModel },
      generate: { "--model": storiesModel, "--prompt": "a" },
      merge: { "--model": storiesModel, "--output": join(root, "merged") },
      eval: { "--model": storiesModel },
      score: { "--model": storiesModel },
      prepare: { "--output": join(root, "out") },
      quantize: { "--output": join(root, "packed"), "--format": "int8" },
      doctor: {},
    };
    const value = given.replace("PREPARED", prepared).replace("RUN", run);
    const { code, stderr } = await runLathe([
      verb,
      ...Object.entries({ ...sound[verb], [flag]: value }).flat(),
    ]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
