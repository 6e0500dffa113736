import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tensorMemory } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { evaluateModel } from "./evaluate-model.js";
import { inspectModel } from "./inspect-model.js";
import { mergeAdapter } from "./merge-adapter.js";
import { type OpenedModel, openModel } from "./model/open-model.js";
import { prepareRows } from "./prepare-rows.js";
import { quantizeModel } from "./quantize-model.js";
import type { RecipeEvent } from "./recipe-event.js";
import { type Reply, respond, type RespondOptions } from "./respond.js";
import { loraFixture, storiesModel, temporaryFolder, tinyModel, writeJsonl } from "./testing/folders.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** The whole reply, and the pieces put together. */
async function answer(options: RespondOptions): Promise<{ reply: Reply; text: string; ids: number[] }> {
  const pieces = respond(options);
  let text = "";
  const ids: number[] = [];
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return { reply: next.value, text, ids };
    text += next.value.text;
    ids.push(...next.value.ids);
  }
}

const generation = { maxNewTokens: 12, temperature: 0 };

describe("respond", () => {
  it("streams what it returns, from a folder as from an open model, and frees the folder's", async () => {
    const opened = await openModel(storiesModel);
    const { tensors } = tensorMemory();
    const prompt = "Once upon a time";
    const ofFolder = await answer({ model: storiesModel, prompt, generation });
    expect(ofFolder.reply).toEqual({ text: ofFolder.text, ids: ofFolder.ids, finishReason: "length" });
    expect(ofFolder.ids).toHaveLength(12);
    expect(await answer({ model: opened, prompt, generation })).toEqual(ofFolder);
    expect(tensorMemory().tensors).toBe(tensors);
    opened.dispose();
  });

  it("answers a dialogue as the same text without a chat template", async () => {
    const messages = [{ role: "user" as const, content: "Once upon a time" }];
    const dialogue = await answer({ model: storiesModel, messages, generation });
    const text = await answer({ model: storiesModel, prompt: "Once upon a time\n", raw: true, generation });
    expect(dialogue.ids).toEqual(text.ids);
  });

  it("gives the same with weights that stay on disk, and refuses what would pack them anew", async () => {
    const asked = { model: storiesModel, prompt: "Once upon a time", precision: "fp32" as const, generation };
    const inMemory = await answer(asked);
    expect(await answer({ ...asked, stream: true })).toEqual(inMemory);
    await expect(answer({ ...asked, stream: true, quantize: "nf4" })).rejects.toThrow(
      "stream would pack the weights anew whenever they are read",
    );
    const opened = await openModel(storiesModel, { stream: true, precision: "fp32" });
    expect(opened.model.isStreamed).toBe(true);
    expect(await answer({ model: opened, prompt: "Once upon a time", generation })).toEqual(inMemory);
    opened.dispose();
  });

  it("continues ids without a tokenizer", async () => {
    const { reply } = await answer({ model: tinyModel("qwen2"), ids: [1, 2, 3], generation });
    expect(reply.text).toBeNull();
    expect(reply.ids.length).toBeGreaterThan(0);
  });

  it.each<[Partial<RespondOptions>, string]>([
    [{}, "prompt"],
    [{ prompt: "a", ids: [1] }, "ids"],
    [{ prompt: "a", system: "b" }, "system"],
    [{ ids: [1], tools: [] }, "tools"],
    [{ ids: [512] }, "ids"],
    [{ ids: [-1] }, "ids"],
  ])("%j: names the field", async (options, field) => {
    await expect(answer({ model: storiesModel, ...options })).rejects.toMatchObject({ fields: [field] });
  });

  it("says what a model without a tokenizer needs, and what an open one cannot be asked for", async () => {
    const model = tinyModel("qwen2");
    await expect(answer({ model, prompt: "a" })).rejects.toMatchObject({ fields: ["prompt"] });
    const opened: OpenedModel = await openModel(model);
    const asked = { model: opened, ids: [1], quantize: "int8", adapter: "a" } as const;
    await expect(answer(asked)).rejects.toMatchObject({ fields: ["adapter", "quantize"] });
    opened.dispose();
  });
});

describe("evaluateModel", () => {
  const data = [{ prompt: "Once upon a", completion: " time" }, { text: "There was a dog." }];

  it("measures loss, generates replies and scores them, and tells of rows without a reply", async () => {
    const events: RecipeEvent[] = [];
    const { loss, perplexity, rows, replies, scores } = await evaluateModel({
      model: storiesModel,
      data,
      metrics: ["exact-match"],
      generation,
      onEvent: (event) => events.push(event),
    });
    expect(perplexity).toBeCloseTo(Math.exp(loss!), 6);
    expect(rows).toHaveLength(2);
    expect(replies).toEqual([{ prompt: "Once upon a", prediction: expect.any(String), reference: " time" }]);
    expect(scores!.systems[0].scores["exact-match"]!.score).toBeGreaterThanOrEqual(0);
    expect(events).toContainEqual({
      type: "rows",
      source: "data",
      outcome: "without-reply",
      count: 1,
      total: 2,
    });
  });

  it("measures the same with weights that stay on disk, in batches that walk the layers together", async () => {
    const asked = { model: storiesModel, data: [...data, ...data], metrics: ["exact-match"], generation };
    const fp32 = { ...asked, precision: "fp32" as const, tokensPerBatch: 8 };
    expect(await evaluateModel({ ...fp32, stream: true })).toEqual(await evaluateModel(fp32));
  });

  it("only measures the loss without metrics, to the same number", async () => {
    const plain = await evaluateModel({ model: storiesModel, data, metrics: [] });
    expect(plain).toMatchObject({ replies: [], scores: null });
    const file = await writeJsonl(join(folder, "eval.jsonl"), data);
    expect((await evaluateModel({ model: storiesModel, data: file, metrics: [] })).loss).toBe(plain.loss);
  });

  it("names the field of an option of generation that is out of range", async () => {
    const faults = [
      ["temperature", { temperature: -1 }],
      ["topP", { topP: 0 }],
      ["maxNewTokens", { maxNewTokens: 0.5 }],
      ["stop[1]", { stop: ["a", ""] }],
    ] as const;
    for (const [option, generation] of faults) {
      const expected = { name: "RecipeError", fields: [`generation.${option}`] };
      const answer = respond({ model: storiesModel, prompt: "Once", generation }).next();
      await expect(answer).rejects.toMatchObject(expected);
      await expect(evaluateModel({ model: storiesModel, data, generation })).rejects.toMatchObject(expected);
    }
  });

  it("finds names that are not known before the work", async () => {
    const options = { model: join(folder, "nowhere"), data, metrics: ["blue"] };
    await expect(evaluateModel(options)).rejects.toThrow("did you mean");
    await expect(evaluateModel({ model: storiesModel, data: [] })).rejects.toMatchObject({
      fields: ["data"],
    });
  });
});

describe("the recipes that write folders", () => {
  it("prepareRows: rows with tokens that a model is trained on", async () => {
    const data = await writeJsonl(
      join(folder, "pairs.jsonl"),
      Array.from({ length: 10 }, (_, row) => ({
        input: `Where is cat ${row}?`,
        output: `Cat ${row} is here.`,
      })),
    );
    const output = join(folder, "prepared");
    const phases = new Set<string>();
    const result = await prepareRows({
      data,
      output,
      model: storiesModel,
      split: "1:0:0",
      onEvent: (event) => event.type === "progress" && phases.add(event.phase),
    });
    expect(result).toMatchObject({ read: 10, kept: 10, output, splits: { train: 10 } });
    expect(result.tokens!.scoredTokens).toBeGreaterThan(0);
    expect([...phases]).toEqual(["reading", "writing"]);
    const score = { model: storiesModel, metrics: [] };
    const [ofTokens, ofRows] = [
      await evaluateModel({ ...score, data: join(output, "train.arrow") }),
      await evaluateModel({ ...score, data: join(output, "train.jsonl") }),
    ];
    expect(ofTokens.loss).toBe(ofRows.loss);
  });

  it("prepareRows: rows in memory and token ids by number, as a file of them", async () => {
    const pairs = Array.from({ length: 10 }, (_, row) => ({
      input: `Where is ${row}?`,
      output: `Here: ${row}.`,
    }));
    const tokens = pairs.map((_, row) => ({
      inputIds: Int32Array.of(row, 5),
      labels: Int32Array.of(-100, 5),
    }));
    const file = await writeJsonl(join(folder, "same-pairs.jsonl"), pairs);
    const prepared = async (
      name: string,
      data: Parameters<typeof prepareRows>[0]["data"],
    ): Promise<string> => {
      const output = join(folder, name);
      expect(await prepareRows({ data, output, split: "1:0:0" })).toMatchObject({ read: 10, kept: 10 });
      return await readFile(join(output, "train.jsonl"), "utf8");
    };
    expect(await prepared("of-pairs", pairs)).toBe(await prepared("of-file", [file]));
    const byNumber = { length: tokens.length, row: (index: number) => tokens[index] };
    expect(await prepared("of-tokens", byNumber)).toContain('{"input_ids":[9,5],"labels":[-100,5]}');
    await expect(prepareRows({ data: [], output: join(folder, "of-none") })).rejects.toMatchObject({
      fields: ["data"],
    });
  });

  it("mergeAdapter and quantizeModel: folders that open as models", async () => {
    const [merged, packed] = [join(folder, "merged"), join(folder, "packed")];
    const model = tinyModel("qwen2");
    const adapter = join(loraFixture("qwen2-qv"), "adapter_end");
    expect(await mergeAdapter({ model, adapter, output: merged })).toMatchObject({
      output: merged,
      changed: 6,
    });
    const data = [{ input_ids: [1, 2, 3, 4, 5] }];
    const losses = [
      await evaluateModel({ model: merged, data, metrics: [], precision: "fp32" }),
      await evaluateModel({ model, adapter, data, metrics: [], precision: "fp32" }),
    ];
    expect(losses[0].loss).toBeCloseTo(losses[1].loss!, 4);
    const quantized = await quantizeModel({ model: merged, output: packed, format: "int8" });
    expect(quantized.bytesAfter).toBeLessThan(quantized.bytesBefore);
    expect((await inspectModel(packed)).dtypes).toContain("I8");
  });

  it("quantizeModel: beside a left-over quantization_config, folders that say what their weights are", async () => {
    const model = join(folder, "left-over");
    await cp(tinyModel("qwen2"), model, { recursive: true });
    const config = JSON.parse(await readFile(join(model, "config.json"), "utf8")) as Record<string, unknown>;
    const leftOver = { quant_method: "bitsandbytes", load_in_4bit: true, bnb_4bit_quant_type: "nf4" };
    await writeFile(join(model, "config.json"), JSON.stringify({ ...config, quantization_config: leftOver }));
    const data = [{ input_ids: [1, 2, 3, 4, 5] }];
    const lossOf = async (of: string): Promise<number | null> =>
      (await evaluateModel({ model: of, data, metrics: [], precision: "fp32" })).loss;
    expect(await lossOf(model)).toBe(await lossOf(tinyModel("qwen2")));
    for (const format of ["int8", "nf4", "fp16", "bf16"] as const) {
      const [output, clean] = [join(folder, `left-over-${format}`), join(folder, `clean-${format}`)];
      await quantizeModel({ model, output, format });
      await quantizeModel({ model: tinyModel("qwen2"), output: clean, format });
      expect(await lossOf(output)).toBe(await lossOf(clean));
      const configOf = async (of: string): Promise<unknown> =>
        JSON.parse(await readFile(join(of, "config.json"), "utf8"));
      expect(await configOf(output)).toEqual(await configOf(clean));
    }
  });

  it("an adapter whose metadata is null is taken as one with metadata", async () => {
    const original = join(loraFixture("qwen2-qv"), "adapter_end");
    const adapter = join(folder, "null-metadata");
    await cp(original, adapter, { recursive: true });
    const file = join(adapter, "adapter_model.safetensors");
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<string, unknown>;
    const text = Buffer.from(JSON.stringify({ ...header, __metadata__: null }));
    const lengthField = Buffer.alloc(8);
    lengthField.writeBigUInt64LE(BigInt(text.length));
    await writeFile(file, Buffer.concat([lengthField, text, bytes.subarray(8 + length)]));
    const data = [{ input_ids: [1, 2, 3, 4, 5] }];
    const lossWith = async (of: string): Promise<number | null> =>
      (await evaluateModel({ model: tinyModel("qwen2"), adapter: of, data, metrics: [] })).loss;
    expect(await lossWith(adapter)).toBe(await lossWith(original));
  });

  it("leave nothing when the signal aborts", async () => {
    const output = join(folder, "aborted");
    const model = tinyModel("qwen2");
    const adapter = join(loraFixture("qwen2-qv"), "adapter_end");
    const abort = new AbortController();
    const hooks = { signal: abort.signal, onEvent: () => abort.abort() };
    await expect(mergeAdapter({ model, adapter, output, ...hooks })).rejects.toThrow("aborted");
    await expect(quantizeModel({ model, output, format: "nf4", ...hooks })).rejects.toThrow("aborted");
    await expect(stat(output)).rejects.toThrow("ENOENT");
    await expect(readFile(join(model, "config.json"))).resolves.toBeDefined();
  });
});
