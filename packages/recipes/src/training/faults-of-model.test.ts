/** What options ask of a model that it does not have. The model has 4 layers, 512 positions and linears up to 96 by 64. */
import { join } from "node:path";
import { sayPhrase } from "@lathe/files";
import { readModelConfig } from "@lathe/model";
import { describe, expect, it } from "vitest";
import { finetune } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import { quantizeModel } from "../quantize-model.js";
import { RecipeError } from "../recipe-error.js";
import type { RecipeEvent } from "../recipe-event.js";
import { finish } from "../testing/finish.js";
import { temporaryFolder, tinyModel } from "../testing/folders.js";
import { faultsOfModel } from "./faults-of-model.js";

const model = tinyModel("qwen2");
const rows = [{ input_ids: Array.from({ length: 24 }, (_, place) => place + 1) }];

/** The sentences of what a run is refused for, and what was told until then. */
async function refusal(options: FinetuneOptions): Promise<{ faults: string[]; events: RecipeEvent[] }> {
  const events: RecipeEvent[] = [];
  const steps = finetune({ model, data: rows, ...options, onEvent: (event) => void events.push(event) });
  const error: unknown = await steps.next().catch((fault: unknown) => fault);
  if (!(error instanceof RecipeError)) throw error;
  return { faults: error.sentences((field) => field).map((one) => sayPhrase(one)), events };
}

const fieldsIn = (faults: readonly string[]): string[] => faults.map((fault) => fault.split(/[: ]/, 1)[0]);

describe("what a model does not have", () => {
  it("is refused of an adapter all at once, along with what is wrong anyway, before rows are read", async () => {
    const lora = { targets: ["q_prj"], rank: 10_000, modulesToSave: ["lm_hed"], layers: [70, 71] };
    const { faults, events } = await refusal({
      lora: { ...lora, dropout: 3 },
      maxTokens: 513,
      samples: 2,
      data: "/nowhere",
    });
    expect(fieldsIn(faults)).toEqual([
      ...["lora.dropout", "samples", "maxTokens"],
      ...["lora.targets", "lora.rank", "lora.layers", "lora.modulesToSave"],
    ]);
    expect(faults[2]).toBe(
      "maxTokens: expected at most the 512 positions of the model, got 513; leave it out for as many as there are",
    );
    expect(events).toEqual([]);
  });

  it("is refused of the weights all at once", async () => {
    const { faults, events } = await refusal({
      method: "full",
      full: { trainable: ["nothing", "model.norm"], lisaLayers: 99 },
      maxTokens: 9999,
      quantize: "nf4",
    });
    expect(fieldsIn(faults)).toEqual(["quantize", "maxTokens", "full.trainable", "full.lisaLayers"]);
    expect(events).toEqual([]);
  });

  it("is refused of a base that is packed, beside the rest", async () => {
    const packed = join(await temporaryFolder(), "packed");
    await quantizeModel({ model, output: packed, format: "int8" });
    const full = await refusal({ model: packed, method: "full", full: { trainable: ["nothing"] } });
    expect(fieldsIn(full.faults)).toEqual(["full.trainable", "model"]);
    const loftq = { init: "loftq", targets: ["nothing"] } as const;
    const adapter = await refusal({ model: packed, quantize: "nf4", lora: loftq });
    expect(fieldsIn(adapter.faults)).toEqual(["lora.targets", "lora.init"]);
  });

  it("is refused of what stays as it is, which of more is said", async () => {
    const mixture = tinyModel("qwen3_moe");
    const router = "model.layers.0.mlp.gate.";
    const asked = (trainable: string[]): FinetuneOptions => ({
      model: mixture,
      method: "full",
      full: { trainable },
    });
    const { faults } = await refusal(asked(["lm_head", router]));
    expect(fieldsIn(faults)).toEqual(["full.trainable"]);
    expect(faults[0]).toMatch(/routers of experts stay as they are, got "model\.layers\.0\.mlp\.gate\."$/);
    const warnings: string[] = [];
    const onEvent = (event: RecipeEvent): void => {
      if (event.type === "warning") warnings.push(event.message);
    };
    const data = [{ input_ids: [1, 5, 9, 2] }];
    await finish({ ...asked(["model.layers.0."]), data, train: { maxSteps: 1 }, onEvent });
    expect(warnings).toContain(
      "routers of experts are not trained: 1 tensors such as model.layers.0.mlp.gate.weight stay as they are",
    );
  });

  it("is nothing where the model has all of it", async () => {
    const folder = { path: model, config: await readModelConfig(model) };
    const whole: FinetuneOptions[] = [
      { maxTokens: 512, lora: { targets: ["o_proj"], excludeModules: ["q_proj", "v_proj"] } },
      { lora: { targets: ["o_proj"], modulesToSave: ["q_proj"], rank: 64 } },
      { method: "full", full: { trainable: ["model.layers.1."], lisaLayers: 1 } },
    ];
    for (const options of whole) expect(await faultsOfModel(options, folder, [])).toEqual([]);
  });
});

describe("memory that is too small", () => {
  it("is refused before the weights are read", async () => {
    const { faults, events } = await refusal({ memory: "1MB" });
    expect(fieldsIn(faults)).toEqual(["memory"]);
    const phases = events.flatMap((event) => (event.type === "progress" ? [event.phase] : []));
    expect(phases).not.toContain("loading");
    expect(events.map(({ type }) => type)).toContain("engine");
  });
});
