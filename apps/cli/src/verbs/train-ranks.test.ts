/** Runs that several processes share, started by Open MPI's launcher as a user would. */
import { spawn, spawnSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const isLauncherThere = spawnSync("mpirun.openmpi", ["--version"]).status === 0;
const skipped = isLauncherThere ? "" : " (skipped: Open MPI is not installed)";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command on some ranks, or by itself, and ends it where it hangs. */
async function lathe(ranks: number | null, words: readonly string[]): Promise<Ended> {
  const launcher = ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"];
  const launched = ranks === null ? [] : [...launcher, "--mca", "pml", "ob1", "-n", String(ranks)];
  const child = spawn("timeout", ["--kill-after=5", "100", ...launched, process.execPath, main, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LATHE_THREADS: "1" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

let folder: string;
let settings: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 14 }, (_, row) => ({
    input_ids: Array.from({ length: 6 + (row % 5) }, (_unused, i) => (row * 37 + i * 11) % 320),
  }));
  const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
  const model = ["--model", tinyModel("qwen2"), "--data", data, "--samples", "0"];
  settings = [...model, "--batch-size", "1", "--gradient-accumulation", "4", "--epochs", "2"];
});

describe.skipIf(!isLauncherThere)(`lathe train by mpirun${skipped}`, () => {
  it("comes to the same bits on one and two ranks, and says so once", { timeout: 240_000 }, async () => {
    const words = (name: string, ...more: string[]): string[] => [
      ...["train", ...settings, "--deterministic", "--json", "--output", join(folder, name), ...more],
    ];
    const adapter = async (name: string): Promise<Buffer> =>
      await readFile(join(folder, name, "adapter/adapter_model.safetensors"));
    const one = await lathe(null, words("one"));
    expect(one.code, one.stderr).toBe(0);
    const two = await lathe(2, words("two"));
    expect(two.code, two.stderr).toBe(0);
    expect(two.stdout.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(two.stdout)).toMatchObject({ steps: 8, run: join(folder, "two") });
    expect(await adapter("two")).toEqual(await adapter("one"));
  });

  it(
    "with moments in shards comes to the same bits, and one rank goes on",
    { timeout: 240_000 },
    async () => {
      const output = join(folder, "sharded");
      const adapter = async (name: string): Promise<Buffer> =>
        await readFile(join(folder, name, "adapter/adapter_model.safetensors"));
      const words = ["train", ...settings, "--deterministic", "--zero-stage", "2", "--save-every", "5"];
      const two = await lathe(2, [...words, "--output", output]);
      expect(two.code, two.stderr).toBe(0);
      const plain = await lathe(null, [...words, "--output", join(folder, "whole")]);
      expect(plain.code, plain.stderr).toBe(0);
      expect(await adapter("sharded")).toEqual(await adapter("whole"));
      const state = "checkpoints/step-5/optimizer.safetensors";
      expect(await readFile(join(output, state))).toEqual(await readFile(join(folder, "whole", state)));

      await rm(join(output, "checkpoints/step-8"), { recursive: true });
      await rm(join(output, "adapter"), { recursive: true });
      const rest = await lathe(null, ["train", "--output", output, "--resume"]);
      expect(rest.code, rest.stderr).toBe(0);
      expect(await adapter("sharded")).toEqual(await adapter("whole"));
    },
  );

  it("ends all ranks where a step has no micro-batch for each", { timeout: 120_000 }, async () => {
    const output = join(folder, "few");
    const few = await lathe(2, ["train", ...settings, "--gradient-accumulation", "1", "--output", output]);
    expect(few.code).not.toBe(0);
    expect(few.stderr).toContain("--gradient-accumulation: expected at least the number of ranks, 2");
  });
});
