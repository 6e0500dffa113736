import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { type Outcome, runLathe } from "../testing/run-lathe.js";

let folder: string;
let whole: string;
let count = 0;
const newRun = (): string => join(folder, `run-${++count}`);

beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 6 }, (_, row) => ({
    input_ids: Array.from({ length: 8 }, (_, i) => (row * 31 + i * 7) % 320),
  }));
  const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  whole = newRun();
  const words = ["--model", tinyModel("qwen2"), "--data", data, "--validation", data, "--output", whole];
  const steps = ["--max-steps", "6", "--batch-size", "2", "--gradient-accumulation", "1", "--dropout", "0.2"];
  const saves = ["--save-every", "2", "--keep-checkpoints", "0", "--learning-rate", "0.01"];
  const { code, stderr } = await runLathe(["train", ...words, ...steps, ...saves, "--json"]);
  expect(code, stderr).toBe(0);
});

/** A copy of the finished run, without what was written at its end. */
async function copyOfRun(): Promise<string> {
  const output = newRun();
  await cp(whole, output, { recursive: true });
  await rm(join(output, "adapter"), { recursive: true });
  return output;
}

const checkpoint = (output: string, step: number): string => join(output, "checkpoints", `step-${step}`);

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] ^= 0x10;
  await writeFile(path, bytes);
}

const damages: [what: string, damage: (of: string) => Promise<unknown>, english: string, chinese: string][] =
  [
    [
      "a flipped byte",
      (of) => flip(join(of, "adapter/adapter_model.safetensors")),
      "adapter/adapter_model.safetensors is damaged (its hash differs)",
      "adapter/adapter_model.safetensors 已损坏（哈希值不符）",
    ],
    [
      "a cut file",
      async (of) => {
        const path = join(of, "optimizer.safetensors");
        await writeFile(path, (await readFile(path)).subarray(0, 1000));
      },
      "optimizer.safetensors is damaged (its hash differs)",
      "optimizer.safetensors 已损坏（哈希值不符）",
    ],
    [
      "a missing file",
      (of) => rm(join(of, "optimizer.safetensors")),
      "optimizer.safetensors is missing",
      "缺少 optimizer.safetensors",
    ],
    [
      "an empty folder",
      async (of) => {
        await rm(of, { recursive: true });
        await mkdir(of);
      },
      "state.json is missing",
      "缺少 state.json",
    ],
    [
      "a state that is cut",
      async (of) => {
        const path = join(of, "state.json");
        await writeFile(path, (await readFile(path)).subarray(0, 100));
      },
      "state.json cannot be read: expected JSON with",
      "无法读取 state.json：应为",
    ],
    [
      "a state with another digit",
      async (of) => {
        const path = join(of, "state.json");
        await writeFile(path, (await readFile(path, "utf8")).replaceAll('"seed": 0', '"seed": 1'));
      },
      "state.json is damaged (its hash differs)",
      "state.json 已损坏（哈希值不符）",
    ],
  ];

const numbersOf = async (output: string): Promise<unknown[]> =>
  (await readFile(join(output, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => {
      const { step, loss, gradNorm, learningRate, validationLoss } = JSON.parse(line) as Record<
        string,
        number
      >;
      return { step, loss, gradNorm, learningRate, validationLoss };
    });

async function expectSameEnd(output: string): Promise<void> {
  for (const file of ["adapter/adapter_model.safetensors", "checkpoints/step-6/optimizer.safetensors"]) {
    expect(await readFile(join(output, file)), file).toEqual(await readFile(join(whole, file)));
  }
  expect(await numbersOf(output)).toEqual(await numbersOf(whole));
}

const resume = (output: string, ...words: string[]): Promise<Outcome> =>
  runLathe(["train", "--resume", "--output", output, "--json", ...words]);

describe("a run whose newest checkpoints are damaged", () => {
  it.each(damages)(
    "goes on from the one before to the same bits: %s",
    async (_, damage, english, chinese) => {
      const output = await copyOfRun();
      for (const step of [4, 6]) await damage(checkpoint(output, step));
      const copy = newRun();
      await cp(output, copy, { recursive: true });
      const { code, stderr } = await resume(output);
      expect(code, stderr).toBe(0);
      const said = [4, 6].map((step) => `the checkpoint of step ${step} is passed over: ${english}`);
      for (const sentence of said) expect(stderr).toContain(sentence);
      expect(stderr.indexOf(said[1])).toBeLessThan(stderr.indexOf(said[0]));
      expect(stderr).toContain("resuming after step 2");
      await expectSameEnd(output);
      const inChinese = await resume(copy, "--language", "zh");
      expect(inChinese.stderr).toContain(`跳过第 6 步的检查点：${chinese}`);
    },
  );

  it("is not one where something lies beside the files", async () => {
    const output = await copyOfRun();
    await writeFile(join(checkpoint(output, 6), "notes.txt"), "mine");
    const { stderr } = await resume(output);
    expect(stderr).toContain("resuming after step 6");
    await expectSameEnd(output);
  });

  it("says of all what is wrong where none is intact, and changes nothing", async () => {
    const output = await copyOfRun();
    const steps = (await readdir(join(output, "checkpoints"))).map((name) => Number(name.slice(5)));
    for (const step of steps) await flip(join(checkpoint(output, step), "optimizer.safetensors"));
    const before = await readFile(join(output, "metrics.jsonl"));
    const { code, stderr, json } = await resume(output);
    expect(code).toBe(2);
    const fault = "optimizer.safetensors is damaged (its hash differs)";
    const all = steps.sort((a, b) => b - a).map((step) => `step ${step}: ${fault}`);
    expect(stderr).toContain(`${output}: no checkpoint is intact (${all.join("; ")})`);
    expect(json).toMatchObject({
      error: { name: "NoIntactCheckpointError", passedOver: { length: all.length } },
    });
    expect(await readFile(join(output, "metrics.jsonl"))).toEqual(before);
  });

  it("begins anew where the run never had a checkpoint", async () => {
    const output = await copyOfRun();
    await rm(join(output, "checkpoints"), { recursive: true });
    await mkdir(join(output, "checkpoints"));
    const { code, stderr } = await resume(output);
    expect(code, stderr).toBe(0);
    await expectSameEnd(output);
  });
});

describe("--keep-checkpoints", () => {
  it("keeps the newest and the best, whatever was damaged, and may change when a run goes on", async () => {
    const output = await copyOfRun();
    for (const step of [4, 6]) await flip(join(checkpoint(output, step), "optimizer.safetensors"));
    expect((await resume(output, "--keep-checkpoints", "1", "--save-every", "5")).code).toBe(0);
    expect((await readdir(join(output, "checkpoints"))).sort()).toEqual(["step-6"]);
    await expectSameEnd(output);
  });
});
