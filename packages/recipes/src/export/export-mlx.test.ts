import { stat } from "node:fs/promises";
import { join } from "node:path";
import { loadModel } from "@lathe/model";
import { attach, saveAdapter } from "@lathe/peft";
import { startEngine } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, temporaryFolder, tinyModel } from "../testing/folders.js";
import { exportModel } from "./export-model.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  await startEngine("cpu", "fp32");
});

describe("an adapter for MLX", () => {
  const model = tinyModel("deepseek_v3");

  const written = async (name: string, targets: readonly string[]): Promise<string> => {
    const adapted = await loadModel(model);
    attach(adapted, { rank: 2, alpha: 4, targets, seed: 1 });
    await saveAdapter(adapted, join(folder, name));
    adapted.dispose();
    return join(folder, name);
  };

  it("is refused over keys and values that come of a latent, which mlx-lm has in two pieces", async () => {
    const output = join(folder, "latent-mlx");
    const adapter = join(loraFixture("deepseek_v3-mla"), "adapter_end");
    const exported = exportModel({ model, adapter, to: "mlx", output });
    await expect(exported).rejects.toThrow(/target_modules.*linears that mlx-lm has.*kv_b_proj/);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("is refused over routed experts, and made of what stands by itself in mlx-lm", async () => {
    const experts = await written("experts", ["experts"]);
    const refused = exportModel({ model, adapter: experts, to: "mlx", output: join(folder, "experts-mlx") });
    await expect(refused).rejects.toThrow(/linears that mlx-lm has.*experts\.0/);
    const queries = await written("queries", ["q_b_proj", "o_proj"]);
    const output = join(folder, "queries-mlx");
    await exportModel({ model, adapter: queries, to: "mlx", output });
    expect((await stat(join(output, "adapters.safetensors"))).isFile()).toBe(true);
  });
});
