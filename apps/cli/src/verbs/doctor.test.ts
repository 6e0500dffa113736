import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

describe("lathe doctor", () => {
  it("says what there is", async () => {
    const { code, json } = await runLathe(["doctor", "--json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      node: process.version,
      engine: expect.any(String),
      precision: expect.any(String),
      cpuThreads: expect.any(Number),
      memory: { totalBytes: expect.any(Number) },
      engines: expect.arrayContaining([
        expect.objectContaining({ name: "cpu", available: true, reason: null, precisions: ["fp32"] }),
      ]),
      tensorMemory: { tensors: expect.any(Number), bytes: expect.any(Number) },
      versions: { "@lathe/tensor": expect.any(String), "@tensorflow/tfjs-core": expect.stringMatching(/^4/) },
    });
    const { json: ofWasm } = await runLathe(["doctor", "--engine", "wasm", "--json"]);
    expect(ofWasm!["fusedOperations"]).toContain("attention");
    expect((await runLathe(["doctor", "--engine", "cpu"])).stdout).toMatch(/^engine +cpu, fp32$/m);
  });

  it("shows TensorFlow: what was set up and what works, or why nothing was", async () => {
    const { json } = await runLathe(["doctor", "--json"]);
    const tensorFlow = json!["tensorFlow"] as { version: string | null; reason?: string };
    const { stdout } = await runLathe(["doctor"]);
    if (tensorFlow.version === null) {
      expect(tensorFlow.reason).toMatch(/lathe setup cuda/);
      expect(stdout).toMatch(/^tensorflow +no .*lathe setup cuda/m);
    } else {
      expect(tensorFlow).toMatchObject({ cpu: { types: { float: null }, operations: { MatMul: null } } });
      expect(stdout).toMatch(/^on the CPU +float, .*; operations: /m);
      expect(stdout).toMatch(/^card +/m);
    }
  });

  it("checks a model folder", async () => {
    const { json } = await runLathe(["doctor", "--model", storiesModel, "--json"]);
    expect(json!["model"]).toMatchObject({
      architecture: "llama",
      layers: 5,
      parameters: 260_032,
      dtypes: ["F32"],
      unusedTensors: 0,
      tokenizer: { vocabularySize: 512, chatTemplate: false },
    });
    const { parameters, weightBytes, ...tiny } = (
      await runLathe(["doctor", "--model", tinyModel("qwen2"), "--json"])
    ).json!["model"] as { parameters: number; weightBytes: Record<string, number> };
    expect(weightBytes["int8"]).toBeLessThan(weightBytes["bf16"]);
    expect({ ...tiny, weightBytes }).toMatchObject({
      tokenizer: null,
      // Everything is float32, and the tied head is the embedding.
      weightBytes: { none: 4 * parameters },
    });
    expect((await runLathe(["doctor", "--model", storiesModel])).stdout).toMatch(/^parameters +260,032$/m);
    expect((await runLathe(["doctor", "--model", "nowhere"])).code).toBe(2);
  });

  it("holds the rules of thumb to this machine", async () => {
    const data = await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), [{ text: "a" }]);
    const words = ["doctor", "--engine", "cpu", "--model", storiesModel, "--data", data];
    const rules = (await runLathe([...words, "--json"])).json!["rules"] as { name: string; holds: unknown }[];
    expect(rules.map(({ name }) => name)).toEqual(["graphics-memory", "disk", "memory"]);
    expect(rules[0]).toMatchObject({ neededBytes: 4 * 260_032 });
    expect(rules[2]).toMatchObject({ neededBytes: 3 * (await stat(data)).size, holds: true });
    const { stdout } = await runLathe(words);
    expect(stdout).toMatch(/^rule +more than +present +holds$/m);
    expect(stdout).toMatch(/^memory, for the rows .* yes$/m);
    expect((await runLathe(["doctor", "--json"])).json!["rules"]).toEqual([]);
  });
});
