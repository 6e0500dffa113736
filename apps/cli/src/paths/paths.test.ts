import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Phrase, sayPhrase } from "@lathe/files";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, storiesModel, temporaryFolder } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";
import { adapterPathFault as adapterPhrase } from "./adapter-path-fault.js";
import { modelPathFault as modelPhrase } from "./model-path-fault.js";
import { rowsPathFault as rowsPhrase } from "./rows-path-fault.js";

const said = (fault: Phrase | null): string | null => (fault === null ? null : sayPhrase(fault));
const adapterPathFault = async (path: string): Promise<string | null> => said(await adapterPhrase(path));
const modelPathFault = async (path: string): Promise<string | null> => said(await modelPhrase(path));
const rowsPathFault = async (path: string, split?: string): Promise<string | null> =>
  said(await rowsPhrase(path, split));

let root: string;

/** Makes empty files. */
async function files(folder: string, ...names: readonly string[]): Promise<string> {
  const path = join(root, folder);
  for (const name of names) {
    await mkdir(join(path, name, ".."), { recursive: true });
    await writeFile(join(path, name), "");
  }
  return path;
}

let run: string;
let unfinished: string;
let prepared: string;
let tokenised: string;
beforeAll(async () => {
  root = await temporaryFolder();
  const checkpoints = [
    "checkpoints/step-9/adapter/adapter_config.json",
    "checkpoints/step-10/adapter/adapter_config.json",
  ];
  run = await files("run", "config.json", "metrics.jsonl", "adapter/adapter_config.json", ...checkpoints);
  unfinished = await files("unfinished", "config.json", "metrics.jsonl", ...checkpoints);
  prepared = await files("prepared", "manifest.json", "train.jsonl", "validation.jsonl", "test.jsonl");
  tokenised = await files(
    "tokenised",
    "manifest.json",
    "train.jsonl",
    "train.arrow",
    "test.jsonl",
    "test.arrow",
  );
});

describe("modelPathFault", () => {
  it("has nothing to say of a model, nor of a path that is like nothing", async () => {
    expect(await modelPathFault(storiesModel)).toBeNull();
    expect(await modelPathFault(join(root, "absent"))).toBeNull();
    expect(await modelPathFault(root)).toBeNull();
  });

  it("tells what was given in its place", async () => {
    expect(await modelPathFault("Qwen/Qwen3-0.6B")).toBeNull();
    // A folder `packages` is here: this is a path that is mistyped.
    expect(await modelPathFault("packages/base")).toBe(
      "no such folder; if packages/base on a hub is meant, give hf:packages/base",
    );
    expect(await modelPathFault(run)).toBe(
      `${run} is the folder of a run; expected the base model, with ${join(run, "adapter")} as --adapter`,
    );
    expect(await modelPathFault(loraFixture("qwen2-qv/adapter_start"))).toMatch(
      /is an adapter; expected the base model/,
    );
    expect(await modelPathFault(prepared)).toContain("folder of prepared rows");
    expect(await modelPathFault(join(storiesModel, "model.safetensors"))).toContain(
      "is a file; expected the folder",
    );
    expect(await modelPathFault(join(await files("gguf", "a.GGUF"), "a.GGUF"))).toContain("is a GGUF file");
    const cache = await files("models--Qwen--Qwen3", "snapshots/abc/config.json", "refs/main", "blobs/1");
    expect(await modelPathFault(cache)).toContain(`the model is in ${join(cache, "snapshots", "abc")}`);
  });
});

describe("adapterPathFault", () => {
  it("has nothing to say of an adapter", async () => {
    expect(await adapterPathFault(loraFixture("qwen2-qv/adapter_start"))).toBeNull();
    expect(await adapterPathFault(join(root, "absent"))).toBeNull();
  });

  it("tells where the adapter is", async () => {
    expect(await adapterPathFault(run)).toContain(`its adapter is ${join(run, "adapter")}`);
    expect(await adapterPathFault(unfinished)).toContain(
      `the adapter of its last checkpoint is ${join(unfinished, "checkpoints", "step-10", "adapter")}`,
    );
    const checkpoint = join(unfinished, "checkpoints", "step-9");
    expect(await adapterPathFault(checkpoint)).toContain(join(checkpoint, "adapter"));
    expect(await adapterPathFault(await files("begun", "config.json", "metrics.jsonl"))).toContain(
      "no adapter yet",
    );
    expect(await adapterPathFault(storiesModel)).toContain("is a model folder");
    expect(await adapterPathFault("org/my-lora")).toBeNull();
  });
});

describe("rowsPathFault", () => {
  it("has nothing to say of a file, nor of one that is missing", async () => {
    expect(await rowsPathFault(join(prepared, "train.jsonl"))).toBeNull();
    expect(await rowsPathFault("data/rows.jsonl")).toBeNull();
  });

  it("tells which file of a folder is meant", async () => {
    expect(await rowsPathFault(prepared)).toContain(`its rows are in ${join(prepared, "train.jsonl")}`);
    expect(await rowsPathFault(tokenised)).toContain(join(tokenised, "train.arrow"));
    expect(await rowsPathFault(tokenised, "test")).toContain(join(tokenised, "test.arrow"));
    const folder = await files("rows", "a.csv", "b.txt");
    expect(await rowsPathFault(folder)).toBe(
      `${folder} is a folder; expected a file of rows, such as ${join(folder, "a.csv")}`,
    );
    expect(await rowsPathFault("org/chat-rows")).toBeNull();
    expect(await rowsPathFault("packages/rows")).toContain("give hf-dataset:packages/rows");
  });
});

describe("the command", () => {
  it.each([
    [
      "train",
      "--model",
      "packages/Qwen3-0.6B",
      /^lathe: --model: no such folder; if packages\/Qwen3-0.6B on a hub is meant, give hf:packages/,
    ],
    ["train", "--data", "PREPARED", /^lathe: --data: .* is a folder that lathe prepare wrote/],
    ["train", "--validation", "PREPARED", /^lathe: --validation: .*validation\.jsonl/],
    ["train", "--init-adapter", "RUN", /^lathe: --init-adapter: .* its adapter is/],
    ["chat", "--adapter", "RUN", /^lathe: --adapter: .* its adapter is/],
    ["generate", "--adapter", "RUN", /^lathe: --adapter: .* its adapter is/],
    ["merge", "--adapter", "RUN", /^lathe: --adapter: .* its adapter is/],
    ["eval", "--data", "PREPARED", /^lathe: --data: .*test\.jsonl/],
    ["score", "--data", "PREPARED", /^lathe: --data: .* is a folder that lathe prepare wrote/],
    ["prepare", "--input", "PREPARED", /^lathe: --input: .* is a folder that lathe prepare wrote/],
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
