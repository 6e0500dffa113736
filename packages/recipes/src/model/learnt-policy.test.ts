/** The policy of a run goes along with its weights: beside them, into what is made of them, and into prompts and labels. */
import { cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeTokenFile } from "@lathe/data";
import { beforeAll, describe, expect, it } from "vitest";
import { evaluateModel } from "../evaluate-model.js";
import { evaluateSystems } from "../evaluate/evaluate-systems.js";
import { exportModel } from "../export/export-model.js";
import type { FinetuneOptions } from "../finetune-options.js";
import { initialiseModel } from "../initialise-model.js";
import { mergeAdapter } from "../merge-adapter.js";
import type { RecipeEvent } from "../recipe-event.js";
import { respond, type RespondOptions } from "../respond.js";
import { loraFixture, temporaryFolder, tinyModel } from "../testing/folders.js";
import { finish } from "../testing/finish.js";
import { readJson, recordedRows } from "../testing/recorded-runs.js";
import { followPolicy, policyOfRows, readPolicy, type StoredPolicy } from "./learnt-policy.js";

const base = fileURLToPath(new URL("../../../../examples/customer-service/base-model", import.meta.url));
const learnt = { reasoning: "empty", lossOn: "last" } as const;
const rows = [
  {
    messages: [
      { role: "user", content: "你好" },
      { role: "assistant", content: "<think>问候。</think>您好。" },
      { role: "user", content: "谢谢" },
      { role: "assistant", content: "<think>致谢。</think>不客气。" },
    ],
  },
];
const generation = { maxNewTokens: 4, temperature: 0 };

let folder: string;
let run: string;
let adapter: string;

async function train(output: string, more: Partial<FinetuneOptions> = {}): Promise<void> {
  const train = { maxSteps: 1, batchSize: 1, checkpointEvery: 1 };
  await finish({ model: base, data: rows, output, lora: { rank: 2 }, train, ...learnt, ...more });
}

/** Ids of the reply, and the warnings before it. */
async function answer(
  options: Omit<RespondOptions, "prompt" | "generation">,
): Promise<{ ids: readonly number[]; warnings: string[] }> {
  const warnings: string[] = [];
  const onEvent = warningsInto(warnings);
  const pieces = respond({ prompt: "你好", generation, onEvent, ...options });
  for (;;) {
    const next = await pieces.next();
    if (next.done) return { ids: next.value.ids, warnings };
  }
}

const warningsInto =
  (warnings: string[]) =>
  (event: RecipeEvent): void => {
    if (event.type === "warning") warnings.push(event.message);
  };

beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, "run");
  adapter = join(run, "adapter");
  await train(run);
});

describe("what a run writes", () => {
  it("has the policy beside the adapter and in the adapters of its checkpoints", async () => {
    expect(await readJson(join(adapter, "lathe.json"))).toEqual(learnt);
    expect(await readJson(join(run, "checkpoints/step-1/adapter/lathe.json"))).toEqual(learnt);
  });

  it("has it beside weights that were trained themselves, in place of what their base had learnt", async () => {
    const model = join(folder, "before");
    await cp(base, model, { recursive: true });
    await writeFile(join(model, "lathe.json"), '{"reasoning":"strip","lossOn":"all"}');
    const output = join(folder, "full");
    await train(output, { model, method: "full", lora: {} });
    expect(await readJson(join(output, "model/lathe.json"))).toEqual(learnt);
  });

  it("says the usual one where nothing else was asked for", async () => {
    const fixture = loraFixture("llama-modules-to-save");
    const output = join(folder, "usual");
    const train = { maxSteps: 1, batchSize: 1 };
    await finish({
      model: tinyModel("llama"),
      data: await recordedRows(fixture),
      output,
      lora: { rank: 2 },
      train,
    });
    expect(await readJson(join(output, "adapter/lathe.json"))).toEqual({ reasoning: "keep", lossOn: "all" });
  });
});

it("is that of prepared tokens where the options leave it open", async () => {
  const path = join(folder, "rows.arrow");
  const row = { inputIds: Int32Array.of(1, 2, 3), labels: Int32Array.of(-100, 2, 3), row: 0 };
  const made = { tokenizerHash: null, templateHash: null, maxTokens: null };
  await writeTokenFile(path, [row], { ...made, reasoning: "mask", lossOn: "last" });
  expect(await policyOfRows(path, {})).toEqual({ reasoning: "mask", lossOn: "last" });
  expect(await policyOfRows([], {})).toEqual({ reasoning: "keep", lossOn: "all" });
});

describe("what is made of an adapter", () => {
  it("takes the policy along when it is merged", async () => {
    const output = join(folder, "merged");
    await mergeAdapter({ model: base, adapter, output });
    expect(await readJson(join(output, "lathe.json"))).toEqual(learnt);
  });

  it.each(["peft", "merged"] as const)("takes it along as %s, with a card that says it", async (to) => {
    const output = join(folder, `export-${to}`);
    await exportModel({ model: base, adapter, to, output });
    expect(await readJson(join(output, "lathe.json"))).toEqual(learnt);
    const card = await readFile(`${output}.card.md`, "utf8");
    expect(card).toContain("| reasoning | empty: prompts are to end with an empty `<think>` block |");
    expect(card).toContain("| loss on | the last reply of a dialogue |");
  });

  it("is not taken for what weights know that are drawn anew", async () => {
    const like = join(folder, "like");
    await cp(base, like, { recursive: true });
    await writeFile(join(like, "lathe.json"), JSON.stringify(learnt));
    const output = await initialiseModel({ like, output: join(folder, "drawn") });
    await expect(stat(join(output, "lathe.json"))).rejects.toThrow("ENOENT");
    expect(await readPolicy(output)).toBeNull();
  });
});

describe("prompts and labels", () => {
  it("follow the adapter, and an option that says otherwise wins and is told", async () => {
    const followed = await answer({ model: base, adapter });
    const asked = await answer({ model: base, adapter, reasoning: "empty" });
    const other = await answer({ model: base, adapter, reasoning: "keep" });
    expect(followed).toEqual({ ids: asked.ids, warnings: [] });
    expect(asked.warnings).toEqual([]);
    expect(other.warnings).toEqual([`${adapter} was trained with reasoning empty, and keep is used here`]);
    // An empty block in the prompt makes other logits: that the replies differ shows that it was there.
    expect(followed.ids).not.toEqual(other.ids);
  });

  it("are scored as they were learnt", async () => {
    const tokensOf = async (more: object): Promise<number> =>
      (await evaluateModel({ model: base, data: rows, metrics: [], ...more })).tokens;
    const followed = await tokensOf({ adapter });
    expect(followed).toBe(await tokensOf({ adapter, learnt }));
    expect(followed).toBeLessThan(await tokensOf({}));
  });

  it("are the same for all systems that are compared, and a system of another policy is told", async () => {
    const other = join(folder, "other");
    await cp(adapter, other, { recursive: true });
    await writeFile(join(other, "lathe.json"), '{"reasoning":"empty","lossOn":"all"}');
    const warnings: string[] = [];
    const onEvent = warningsInto(warnings);
    const adapters = [adapter, other];
    const { systems } = await evaluateSystems({ model: base, adapters, data: rows, metrics: [], onEvent });
    const [first, ...others] = systems.map(({ data }) => data.tokens);
    expect(others).toEqual([first, first]);
    const { tokens } = await evaluateModel({ model: base, data: rows, metrics: [], learnt });
    expect(first).toBe(tokens);
    expect(warnings).toEqual([`${other} was trained with lossOn all, and last is used here`]);
  });
});

describe("a file beside weights", () => {
  it.each([
    ["[]", "expected a JSON object"],
    ['{"lossOn":"all"}', "one of keep, mask, empty, strip as reasoning, got nothing"],
    ['{"reasoning":"keep","lossOn":3}', "one of all, last as lossOn, got 3"],
    ["{", "lathe.json"],
  ])("%s is refused by its name and key", async (text, sentence) => {
    const place = join(folder, "damaged");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "lathe.json"), text);
    await expect(readPolicy(place)).rejects.toThrow(sentence);
  });
});

it("takes what is asked for key by key, and the rest from the first weights that know", () => {
  const stored: StoredPolicy = { folder: "a", reasoning: "mask", lossOn: "last" };
  const keys = ["reasoning", "lossOn"] as const;
  expect(followPolicy({}, [null, stored], keys, undefined)).toEqual({ reasoning: "mask", lossOn: "last" });
  expect(followPolicy({ lossOn: "all" }, [stored], keys, undefined)).toEqual({
    reasoning: "mask",
    lossOn: "all",
  });
  expect(followPolicy({}, [null], keys, undefined)).toEqual({ reasoning: "keep", lossOn: "all" });
});
