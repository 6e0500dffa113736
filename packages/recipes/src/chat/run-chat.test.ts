import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { finetune } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import { openModel, type OpenModelOptions } from "../model/open-model.js";
import { respond } from "../respond.js";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { type ChatSide, RunChat } from "./run-chat.js";

const messages = [{ role: "user" as const, content: "Once upon a time" }];
const generation = { maxNewTokens: 12, temperature: 0 };

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = Array.from({ length: 4 }, () => ({ input: "Once upon a time", output: "zebra zebra zebra" }));
  data = await writeJsonl(join(folder, "rows.jsonl"), rows);
});

async function trained(name: string, more: Partial<FinetuneOptions> = {}): Promise<string> {
  const output = join(folder, name);
  const steps = finetune({
    model: storiesModel,
    data,
    output,
    samples: 0,
    train: { maxSteps: 6, batchSize: 4, gradientAccumulation: 1, learningRate: 0.02, saveEvery: 3 },
    ...more,
  });
  for await (const _ of steps);
  return output;
}

/** What a model says that is opened for this alone. */
async function said(path: string, options: OpenModelOptions = {}): Promise<string | null> {
  const model = await openModel(path, options);
  try {
    const pieces = respond({ model, messages, generation });
    for (let next = await pieces.next(); ; next = await pieces.next()) {
      if (next.done) return next.value.text;
    }
  } finally {
    model.dispose();
  }
}

async function ask(chat: RunChat, side: ChatSide): Promise<string> {
  let text = "";
  for await (const piece of chat.reply(side, { messages, generation })) text += piece.text;
  return text;
}

describe("a chat with a run", () => {
  it("answers as the base and as the adapter on it, in any order", async () => {
    const run = await trained("lora");
    const [base, tuned] = [
      await said(storiesModel),
      await said(storiesModel, { adapter: join(run, "adapter") }),
    ];
    expect(tuned).not.toBe(base);
    const chat = await RunChat.open(run);
    for (const side of ["tuned", "base", "base", "tuned"] as const) {
      expect([side, await ask(chat, side)]).toEqual([side, side === "base" ? base : tuned]);
    }
    chat.dispose();
    expect(await ask(chat, "tuned")).toBe(tuned);
    chat.dispose();
  });

  it("of a run that has not ended answers with the adapter of the newest checkpoint", async () => {
    const run = await trained("open");
    const tuned = await said(storiesModel, { adapter: join(run, "checkpoints/step-6/adapter") });
    await rm(join(run, "adapter"), { recursive: true });
    const chat = await RunChat.open(run);
    expect(await ask(chat, "tuned")).toBe(tuned);
    chat.dispose();
  });

  it("answers as a model that was trained itself, in the base's place", async () => {
    const run = await trained("full", { method: "full" });
    const [base, tuned] = [await said(storiesModel), await said(join(run, "model"))];
    expect(tuned).not.toBe(base);
    const chat = await RunChat.open(run);
    for (const side of ["base", "tuned", "base"] as const) {
      expect(await ask(chat, side)).toBe(side === "base" ? base : tuned);
    }
    chat.dispose();
  });

  it("ends a reply when it is told to, and answers again", async () => {
    const chat = await RunChat.open(await trained("stopped"));
    const control = new AbortController();
    const pieces = chat.reply("base", { messages, generation, signal: control.signal });
    await pieces.next();
    control.abort();
    await expect(pieces.next()).rejects.toThrow();
    expect(await ask(chat, "base")).toBe(await said(storiesModel));
    chat.dispose();
  });

  it("is refused for a run with nothing to answer, and for settings that name no model", async () => {
    const run = join(folder, "begun");
    await mkdir(join(run, "checkpoints"), { recursive: true });
    await expect(RunChat.open(run)).rejects.toThrow("config.json");
    await writeFile(join(run, "config.json"), JSON.stringify({ method: "lora" }));
    await expect(RunChat.open(run)).rejects.toThrow("name no model");
    await writeFile(join(run, "config.json.new"), JSON.stringify({ model: storiesModel, quantize: "odd" }));
    await rename(join(run, "config.json.new"), join(run, "config.json"));
    await expect(RunChat.open(run)).rejects.toThrow("no adapter or model yet");
  });
});
