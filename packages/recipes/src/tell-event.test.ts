import { sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { namingFieldsIn } from "./recipe-error.js";
import { type EventWithoutSentence, tellEvent } from "./tell-event.js";
import type { RecipeEvent } from "./recipe-event.js";
import { zh } from "./zh.js";

type Told = Exclude<RecipeEvent, EventWithoutSentence>;

const said = (event: Told, nameOf?: (field: string) => string): string[] =>
  tellEvent(event).map(
    ({ isWarning, sentence }) => `${isWarning ? "! " : ""}${sayPhrase(namingFieldsIn(sentence, nameOf))}`,
  );

const memory = (recomputedLayers: number, fits: boolean, isGiven = false): Told =>
  ({
    type: "memory",
    isGiven,
    plan: { expectedBytes: 2e9, budgetBytes: 3e9, recomputedLayers, layerCount: 4, fits },
  }) as Told;

describe("tellEvent", () => {
  it("names fields by their paths, and as the caller calls them", () => {
    const event = memory(4, false);
    expect(said(event)[0]).toContain("A smaller train.batchSize, shorter rows (maxTokens)");
    expect(said(event, (field) => `<${field}>`)[0]).toContain("A smaller <train.batchSize>, shorter");
    const settings = { "train.batchSize": 1, quantize: "nf4" };
    expect(said({ type: "out-of-memory", reason: "killed", settings }, (field) => `--${field}`)).toEqual([
      "! memory ran out (the system ended the process): a fresh process goes on with --train.batchSize 1 --quantize nf4",
    ]);
  });

  it("says which share of a step each rank is dealt", () => {
    expect(said({ type: "dealt", shares: [0.748, 0.252] })).toEqual([
      "ranks are not equally fast: from the next step on they are dealt 75 %, 25 % of it",
    ]);
  });

  it("says nothing of a plan that changes nothing, unless a memory was given", () => {
    expect(said(memory(0, true))).toEqual([]);
    expect(said(memory(0, true, true))).toHaveLength(1);
    expect(said(memory(2, true))).toEqual(["memory: about 2.0 GB of 3.0 GB, 2 of 4 layers computed again"]);
  });

  it("sets what was taken apart from what was not", () => {
    const sampling = { temperature: 0.5, topK: 3 };
    const event = { type: "sampling", sampling, ignored: [{ key: "num_beams" }] } as unknown as Told;
    expect(said(event)).toEqual([
      "sampling as the model's generation_config.json says: generation.temperature 0.5 generation.topK 3",
      "! generation_config.json asks for what is not done here: num_beams",
    ]);
    expect(said({ type: "sampling", sampling: {}, ignored: [] })).toEqual([]);
  });

  it.each([
    [1, "! rows.jsonl: 1 row set aside as unusable"],
    [2, "! rows.jsonl: 2 rows set aside as unusable"],
  ])("counts %i of what it counts", (count, sentence) => {
    expect(said({ type: "rows", source: "rows.jsonl", outcome: "rejected", count, total: 9 })).toEqual([
      sentence,
    ]);
  });

  it("names the first rows of many, and how many more there are", () => {
    const rows = Array.from({ length: 11 }, (_, row) => row);
    const bad = { type: "bad-step", step: 3, value: NaN, quantity: "loss", rows, places: null, tensors: [] };
    expect(said(bad as unknown as Told)).toEqual([
      "! step 3 not applied: the loss is NaN (rows 0, 1, 2, 3, 4, 5, 6, 7 and 3 more)",
    ]);
  });

  it("can be said in Chinese", () => {
    const [{ sentence }] = tellEvent(memory(2, true));
    expect(sayPhrase(namingFieldsIn(sentence), zh)).toBe(
      "内存：约 2.0 GB，预算 3.0 GB；4 层中有 2 层重新计算",
    );
  });
});
