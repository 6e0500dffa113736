/** Runs over mapped weights whose file is cut meanwhile, which the system answers with SIGBUS: in a process of their own. */
import { execFile } from "node:child_process";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEngine } from "@lathe/tensor";
import { expect, it } from "vitest";
import { finish } from "./testing/finish.js";
import { adapterOf, newRun, shortRows, temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

const built = new URL("../dist/index.js", import.meta.url).href;

const isNativeHere = await startEngine("native").then(
  () => true,
  () => false,
);

it.skipIf(!isNativeHere)(
  "name the file, keep the run, and it goes on to the same bits once the file is whole again",
  { timeout: 240_000 },
  async () => {
    const folder = await temporaryFolder();
    const model = join(folder, "model");
    await cp(tinyModel("qwen2"), model, { recursive: true });
    const weights = join(model, "model.safetensors");
    const options = {
      model,
      data: await writeJsonl(join(folder, "rows.jsonl"), shortRows),
      engine: "native",
      samples: 0,
      train: { maxSteps: 5, batchSize: 2, learningRate: 0.01, saveEvery: 1 },
    };
    const [whole, output] = [newRun(), newRun()];
    await finish({ ...options, output: whole });
    const program = `
      import { statSync, truncateSync } from "node:fs";
      import { finetune } from ${JSON.stringify(built)};
      const file = ${JSON.stringify(weights)};
      try {
        for await (const { step } of finetune(${JSON.stringify({ ...options, output })}))
          if (step === 2) truncateSync(file, Math.floor(statSync(file).size / 3));
        console.log(JSON.stringify({ name: "none" }));
      } catch (error) {
        console.log(JSON.stringify({ name: error.name, message: error.message }));
      }`;
    const words = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    const told = JSON.parse(stdout.trim().split("\n").at(-1)!) as { name: string; message: string };
    expect(told.name).toBe("WeightsError");
    expect(told.message).toContain(
      `${weights}: expected the file that was opened, got one that was cut meanwhile, or that cannot be read any more`,
    );
    const checkpoints = await readdir(join(output, "checkpoints"));
    expect(checkpoints).toContain("step-2");
    expect(checkpoints).not.toContain("step-3");
    await rm(weights);
    await cp(join(tinyModel("qwen2"), "model.safetensors"), weights);
    await finish({ output, resume: true });
    expect((await adapterOf(output)).equals(await adapterOf(whole))).toBe(true);
    const lossesOf = async (run: string) =>
      (await readFile(join(run, "metrics.jsonl"), "utf8"))
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { loss: number }).loss);
    expect(await lossesOf(output)).toEqual(await lossesOf(whole));
  },
);
