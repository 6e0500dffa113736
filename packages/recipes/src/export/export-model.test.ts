import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openGguf, writeGguf, type GgufTensorToWrite } from "@lathe/export";
import { beforeAll, describe, expect, it } from "vitest";
import { gateExport } from "./gate-export.js";
import { exportModel } from "./export-model.js";

const at = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const chinese = at("examples/customer-service/base-model");
const stories = at("packages/model/fixtures/stories260k");
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
  const { gate } = await exportModel({ model: stories, to: "gguf", output });
  expect(gate).toBeNull();
  expect(await readFile(`${output}.card.md`, "utf8")).toContain("**Not proven**");
});

// Where LATHE_GATE names a folder in which node-llama-cpp is installed.
describe.skipIf(process.env["LATHE_GATE"] === undefined)("with llama.cpp", () => {
  it.each([
    ["stories", "F32"],
    ["stories", "F16"],
    ["stories", "BF16"],
    ["stories", "Q8_0"],
    ["stories", "Q4_K_M"],
    ["chinese", "F32"],
    ["chinese", "F16"],
    ["chinese", "Q4_K_M"],
  ] as const)(
    "%s in %s is proven",
    async (name, type) => {
      const output = join(folder, `${name}-${type}.gguf`);
      const gatePrompts =
        name === "stories"
          ? storyRows.map((text) => ({ text }))
          : ["你好，附近有什么好吃的？", "请问订单什么时候发货？"].map((input) => ({
              input,
              output: "好的",
            }));
      const model = name === "stories" ? stories : chinese;
      const { gate } = await exportModel({ model, to: "gguf", type, output, gatePrompts });
      expect(gate!.passed).toBe(true);
      expect((await stat(output)).isFile()).toBe(true);
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
      file: broken,
      bounds: { logits: 0.02, greedy: 1 },
      tokenizer: null,
      report: join(folder, "broken.gate.json"),
    });
    expect(outcome.firstDifference?.what).toBe("logits");
    expect(JSON.parse(await readFile(join(folder, "broken.gate.json"), "utf8"))).toMatchObject({
      passed: false,
    });
  }, 120_000);
});
