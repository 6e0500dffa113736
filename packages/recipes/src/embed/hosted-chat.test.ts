/** A thread runs the built package. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import type * as Recipes from "../index.js";

const tensors = fileURLToPath(new URL("../../../tensor/dist/index.js", import.meta.url));
const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
const messages = [{ role: "user" as const, content: "Once upon a time" }];
const generation = { maxNewTokens: 12, temperature: 0 };

let recipes: typeof Recipes;
let tensorMemory: () => { readonly tensors: number };
let folder: string;
let run: string;

beforeAll(async () => {
  if (!existsSync(built)) throw new Error("build the packages first: npm run build");
  recipes = (await import(built)) as typeof Recipes;
  ({ tensorMemory } = (await import(tensors)) as { tensorMemory: typeof tensorMemory });
  folder = await temporaryFolder();
  run = join(folder, "run");
  const rows = Array.from({ length: 4 }, () => ({ input: "Once upon a time", output: "zebra zebra zebra" }));
  const steps = recipes.finetune({
    model: storiesModel,
    data: await writeJsonl(join(folder, "rows.jsonl"), rows),
    output: run,
    samples: 0,
    train: { maxSteps: 6, batchSize: 4, gradientAccumulation: 1, learningRate: 0.02 },
  });
  for await (const _ of steps);
}, 60_000);

type Chat = Pick<Recipes.RunChat, "reply">;

/** All that a chat says in a reply. */
async function told(chat: Chat, side: Recipes.ChatSide): Promise<unknown[]> {
  const all: unknown[] = [];
  const pieces = chat.reply(side, { messages, generation });
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    all.push(next.value);
    if (next.done) return all;
  }
}

describe("a chat in a thread", () => {
  it("says what one in this thread does, piece by piece, on either side, and nothing is loaded here", async () => {
    const own = await recipes.RunChat.open(run);
    const expected = { base: await told(own, "base"), tuned: await told(own, "tuned") };
    own.dispose();
    expect(expected.tuned).not.toEqual(expected.base);
    const before = tensorMemory().tensors;
    const chat = await recipes.HostedChat.open(run);
    for (const side of ["tuned", "base", "tuned"] as const) {
      expect(await told(chat, side)).toEqual(expected[side]);
      expect(tensorMemory().tensors).toBe(before);
    }
    await chat.dispose();
    // Another thread answers then.
    expect(await told(chat, "base")).toEqual(expected.base);
    await chat.dispose();
  }, 60_000);

  it("ends a reply when it is told to or nobody asks for more, and answers again", async () => {
    const chat = await recipes.HostedChat.open(run);
    const whole = await told(chat, "base");
    const long = { messages, generation: { ...generation, maxNewTokens: 100_000, stopIds: [] } };
    const control = new AbortController();
    const pieces = chat.reply("base", { ...long, signal: control.signal });
    await pieces.next();
    control.abort(new Error("enough"));
    await expect(
      (async () => {
        for (;;) if ((await pieces.next()).done) return;
      })(),
    ).rejects.toThrow("enough");
    expect(await told(chat, "base")).toEqual(whole);
    for await (const _ of chat.reply("tuned", long)) break;
    expect(await told(chat, "base")).toEqual(whole);
    await chat.dispose();
  }, 60_000);

  it("has errors of their class, at once where a run has nothing to answer with", async () => {
    const chat = await recipes.HostedChat.open(run);
    const wrong = chat.reply("base", { messages, generation: { temperature: -1 } });
    await expect(wrong.next()).rejects.toMatchObject({
      name: "RecipeError",
      message: /temperature/ as never,
    });
    await chat.dispose();
    const begun = join(folder, "begun");
    await mkdir(begun);
    await writeFile(join(begun, "config.json"), JSON.stringify({ method: "lora" }));
    await expect(recipes.HostedChat.open(begun)).rejects.toThrow("name no model");
  });
});
