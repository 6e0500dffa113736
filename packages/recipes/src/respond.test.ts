/** What a model is given, and where its reply ends, by the files beside its weights. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Conversation } from "./chat/conversation.js";
import { type Reply, respond, type RespondOptions } from "./respond.js";
import { storiesModel, temporaryFolder } from "./testing/folders.js";

const generation = { maxNewTokens: 12, temperature: 0 };

async function replyTo(options: RespondOptions): Promise<Reply> {
  const pieces = respond({ generation, ...options });
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return next.value;
  }
}

/** The model of stories with other files beside its weights. */
async function modelWith(files: Readonly<Record<string, object | string>>): Promise<string> {
  const model = join(await temporaryFolder(), "model");
  await cp(storiesModel, model, { recursive: true });
  for (const [name, contents] of Object.entries(files)) {
    await writeFile(join(model, name), typeof contents === "string" ? contents : JSON.stringify(contents));
  }
  return model;
}

const readJson = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(storiesModel, name), "utf8")) as Record<string, unknown>;

describe("tools", () => {
  const template = [
    "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}",
    "{% for message in messages %}{{ message.content }}{% endfor %}",
  ].join("");
  const tools = ["Lily", "Tom"].map((name) => ({ type: "function", function: { name } }));
  const asking = (content: string) => [{ role: "user" as const, content }];

  it("reach the chat template, in a single reply and in a conversation", async () => {
    const model = await modelWith({ "chat_template.jinja": template });
    const expected = await replyTo({ model, messages: asking("Lily Tom went home.") });
    const without = await replyTo({ model, messages: asking("went home.") });
    expect(expected.ids).not.toEqual(without.ids);
    expect((await replyTo({ model, messages: asking("went home."), tools })).ids).toEqual(expected.ids);
    expect((await replyTo({ model, prompt: "went home.", tools })).ids).toEqual(expected.ids);
    const conversation = await Conversation.open(model, { generation, tools });
    try {
      const pieces = conversation.say("went home.");
      let last = await pieces.next();
      while (!last.done) last = await pieces.next();
      expect(last.value.reply).toBe(expected.text);
    } finally {
      conversation.dispose();
    }
  });
});

describe("a reply ends", () => {
  const prompt = "Once upon a time";

  it("at the end token of tokenizer, config or generation config, whatever the others say", async () => {
    const whole = await replyTo({ model: storiesModel, prompt, raw: true });
    expect(whole).toMatchObject({ finishReason: "length" });
    const [config, tokenizer] = await Promise.all(["config.json", "tokenizer_config.json"].map(readJson));
    // A token that the reply has: training that ends replies with it must end this one.
    const place = whole.ids.findIndex((id, i) => i > 2 && !whole.ids.slice(0, i).includes(id));
    const end = whole.ids[place];
    const vocabulary = (await readJson("tokenizer.json"))["model"] as { vocab: Record<string, number> };
    const [text] = Object.entries(vocabulary.vocab).find(([, id]) => id === end)!;
    const folders = await Promise.all([
      modelWith({ "tokenizer_config.json": { ...tokenizer, eos_token: text } }),
      modelWith({ "config.json": { ...config, eos_token_id: end } }),
      modelWith({ "generation_config.json": { eos_token_id: [end, 1] } }),
    ]);
    for (const model of folders) {
      const reply = await replyTo({ model, prompt, raw: true });
      expect(reply).toMatchObject({ finishReason: "stop" });
      expect(whole.ids.slice(0, place)).toEqual(reply.ids.slice(0, place));
      expect(reply.ids.length).toBeLessThanOrEqual(place + 1);
    }
  });
});
