import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openGguf, writeGguf, type GgufTensorToWrite } from "@lathe/export";
import { hasGateProgram, openLlamaCpp } from "@lathe/export/gate";
import { sayPhrase } from "@lathe/files";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { gateExport } from "./gate-export.js";
import { quantizeModel } from "../quantize-model.js";
import { exportModel } from "./export-model.js";

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const chinese = at("examples/customer-service/base-model");
const stories = at("packages/model/fixtures/stories260k");
const letters = at("packages/model/fixtures/babyllama105");
const storyRows = [
  "Once upon a time there was a dog.",
  "Lily went to the park with her mom.",
  "Tom has a red ball.",
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-gate-"));
});

it("writes a card that says that nothing was proven", async () => {
  const output = join(folder, "card.gguf");
  const { gate } = await exportModel({ model: stories, to: "gguf", output, gate: false });
  expect(gate).toBeNull();
  expect(await readFile(`${output}.card.md`, "utf8")).toContain("**Not proven**");
});

describe("where the program that reads it is not installed", () => {
  beforeAll(() => {
    vi.stubEnv("LATHE_GATE", join(folder, "empty"));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ["gguf", "llama.cpp"],
    ["onnx", "transformers.js"],
  ] as const)("%s is written with a warning, and refused where prompts are given", async (to, program) => {
    const output = join(folder, `unproven-${to}`);
    const model = to === "gguf" ? stories : letters;
    const warnings: string[] = [];
    await exportModel({
      model,
      to,
      output,
      onEvent(event) {
        if (event.type === "warning") warnings.push(sayPhrase(event.phrase));
      },
    });
    expect(warnings.join("\n")).toContain(`${program}, in which it would be, is not installed`);
    expect(await readFile(`${output}.card.md`, "utf8")).toContain("**Not proven**");
    const refused = join(folder, `refused-${to}`);
    await expect(
      exportModel({ model, to, output: refused, gatePrompts: [{ text: "Once" }] }),
    ).rejects.toThrow(`expected ${program}`);
    await expect(stat(refused)).rejects.toThrow("ENOENT");
  });
});

it.each([
  [{ to: "onnx", type: "Q8_0" }, "fp32, fp16, q4"],
  [{ to: "gguf", type: "fp16" }, "F16, F32"],
  [{ to: "gguf", gate: false, gatePrompts: [{ text: "Once" }] }, "gatePrompts goes with a proof"],
] as const)("refuses %j", async (options, sentence) => {
  const output = join(folder, "impossible");
  await expect(exportModel({ model: stories, output, ...options })).rejects.toThrow(sentence);
});

// Where LATHE_GATE names a folder in which the programs are installed.
describe.skipIf(!(await hasGateProgram("llama.cpp")))("with llama.cpp", () => {
  it.each([
    ["stories", "F32"],
    ["stories", "F16"],
    ["stories", "BF16"],
    ["stories", "Q8_0"],
    ["stories", "Q4_K_M"],
    ["chinese", "F32"],
    ["chinese", "F16"],
    ["chinese", "Q4_K_M"],
    ["letters", "F32"],
    ["letters", "F16"],
    ["letters", "Q8_0"],
  ] as const)(
    "%s in %s is proven",
    async (name, type) => {
      const output = join(folder, `${name}-${type}.gguf`);
      const gatePrompts =
        name !== "chinese"
          ? storyRows.map((text) => ({ text }))
          : ["你好，附近有什么好吃的？", "请问订单什么时候发货？"].map((input) => ({
              input,
              output: "好的",
            }));
      const model = { stories, chinese, letters }[name];
      const { gate } = await exportModel({ model, to: "gguf", type, output, gatePrompts });
      expect(gate!.passed).toBe(true);
      expect((await stat(output)).isFile()).toBe(true);
      expect(gate!.textsTokenised).toBe(name === "chinese" ? 0 : storyRows.length);
    },
    120_000,
  );

  it("an adapter over packed weights is proven on what these stand for", async () => {
    const packed = join(folder, "packed");
    await quantizeModel({ model: at("packages/model/fixtures/models/qwen2"), output: packed, format: "nf4" });
    const adapter = at("packages/peft/fixtures/lora/qwen2-qv/adapter_end");
    const output = join(folder, "packed.gguf");
    const { gate } = await exportModel({ model: packed, adapter, to: "gguf", type: "F32", output });
    expect(gate).toMatchObject({ passed: true, equalGreedyTokens: gate!.greedyTokens });
  }, 120_000);

  it.each([
    ["deepseek_v3", "F32"],
    ["deepseek_v3", "F16"],
    ["deepseek_v3_lite", "F32"],
    ["deepseek_v3_fp8", "F32"],
    ["glm4_moe_lite", "F32"],
  ] as const)(
    "%s in %s is proven to the last token, as deepseek2",
    async (name, type) => {
      const output = join(folder, `${name}-${type}.gguf`);
      const model = at(`packages/model/fixtures/models/${name}`);
      const { gate } = await exportModel({ model, to: "gguf", type, output });
      expect(gate).toMatchObject({ passed: true, equalGreedyTokens: gate!.greedyTokens });
    },
    120_000,
  );

  it("an artefact with one tensor that is broken is refused", async () => {
    const [whole, broken] = [join(folder, "whole.gguf"), join(folder, "broken.gguf")];
    await exportModel({ model: stories, to: "gguf", type: "F32", output: whole });
    const file = await openGguf(whole);
    const tensors = [...file.tensors.values()].map(({ name, shape, format }): GgufTensorToWrite => ({
      name,
      shape,
      format,
      read: async (rows) => {
        const values = await file.readFloat32(name, rows);
        return name === "blk.1.attn_v.weight" ? values.map((value) => value * 1.5) : values;
      },
    }));
    await writeGguf(broken, file.metadata, tensors);
    await file.close();
    const outcome = await gateExport({
      model: stories,
      prompts: storyRows.map((text) => ({ text })),
      bounds: { logits: 0.02, tie: 0, greedy: 1 },
      asksIds: false,
      open: (model) => openLlamaCpp(broken, model),
      report: join(folder, "broken.gate.json"),
    });
    expect(outcome.firstDifference?.what).toBe("logits");
    expect(JSON.parse(await readFile(join(folder, "broken.gate.json"), "utf8"))).toMatchObject({
      passed: false,
    });
  }, 120_000);
});

describe.skipIf(!(await hasGateProgram("transformers.js")))("with transformers.js", () => {
  const tiny = (name: string): string => at(`packages/model/fixtures/models/${name}`);
  const models = {
    chinese,
    babyllama: letters,
    qwen2: tiny("qwen2"),
    qwen3: tiny("qwen3"),
  };
  it.each(
    Object.keys(models).flatMap((name) => (["fp32", "fp16"] as const).map((type) => [name, type] as const)),
  )(
    "%s in %s is proven, to the last token of every reply",
    async (name, type) => {
      const output = join(folder, `${name}-${type}`);
      const { gate } = await exportModel({
        model: models[name as keyof typeof models],
        to: "onnx",
        type,
        output,
      });
      expect(gate!.passed).toBe(true);
      expect(gate!.equalGreedyTokens + gate!.nearTies).toBe(gate!.greedyTokens);
      expect((await stat(join(output, "genai_config.json"))).isFile()).toBe(true);
    },
    120_000,
  );
});
