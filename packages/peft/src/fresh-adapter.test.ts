import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadModel, readModelConfig } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { expect, it, onTestFinished } from "vitest";
import { attach, copyAdapter, freshAdapter, LoraConfigError, saveAdapter } from "./index.js";

const base = fileURLToPath(new URL("../../model/fixtures/models/qwen2/", import.meta.url));

it("writes the bytes of an adapter that was attached and saved", async () => {
  await startEngine("auto", "fp32");
  const folder = await mkdtemp(join(tmpdir(), "lathe-fresh-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const options = { rank: 3, alpha: 7, targets: ["query", "mlp"], rankPattern: { up_proj: 2 }, seed: 5 };
  const model = await loadModel(base);
  attach(model, options);
  await saveAdapter(model, join(folder, "attached"), { baseModel: "a base" });
  model.dispose();
  await copyAdapter(freshAdapter(await readModelConfig(base), options, "a base"), join(folder, "fresh"));
  for (const file of ["adapter_config.json", "adapter_model.safetensors"]) {
    const [attached, fresh] = await Promise.all(
      ["attached", "fresh"].map((name) => readFile(join(folder, name, file))),
    );
    expect(fresh.equals(attached), file).toBe(true);
  }
});

it.each([{ useDora: true }, { init: "pissa" }, { bias: "all" }, { modulesToSave: ["lm_head"] }] as const)(
  "refuses %j, which begins with values of the weights",
  async (options) => {
    const config = await readModelConfig(base);
    expect(() => freshAdapter(config, options)).toThrow(LoraConfigError);
    expect(() => freshAdapter(config, options)).toThrow(/where the weights are not read/);
  },
);
