import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModel, type OpenedModel } from "../model/open-model.js";
import type { RecipeEvent } from "../recipe-event.js";
import { respond } from "../respond.js";
import { storiesModel, tinyModel } from "../testing/folders.js";
import { Conversation, type ConversationOptions, type Exchange } from "./conversation.js";

const generation = { maxNewTokens: 8, temperature: 0 };

let opened: OpenedModel;
beforeAll(async () => {
  opened = await openModel(storiesModel);
});
afterAll(() => opened.dispose());

/** What the model replies to messages that are given all at once. */
async function replyTo(...contents: string[]): Promise<string | null> {
  const messages = contents.map((content, place) => ({
    role: place % 2 === 0 ? ("user" as const) : ("assistant" as const),
    content,
  }));
  const pieces = respond({ model: opened, messages, generation });
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return next.value.text;
  }
}

async function withConversation(
  use: (conversation: Conversation) => Promise<void>,
  options: ConversationOptions = {},
): Promise<void> {
  const conversation = await Conversation.open(storiesModel, { generation, ...options });
  try {
    await use(conversation);
  } finally {
    conversation.dispose();
  }
}

async function said(conversation: Conversation, text: string): Promise<Exchange> {
  const pieces = conversation.say(text);
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (next.done) return next.value;
  }
}

describe("a conversation", () => {
  it("replies as to all that was said, until it is reset", async () => {
    await withConversation(async (conversation) => {
      const first = await said(conversation, "Tom had a cat.");
      expect(first).toMatchObject({ user: "Tom had a cat.", reply: await replyTo("Tom had a cat.") });
      const second = await said(conversation, "It was big.");
      expect(second.reply).toBe(await replyTo("Tom had a cat.", first.reply, "It was big."));
      conversation.reset();
      expect(await said(conversation, "Tom had a cat.")).toEqual(first);
      expect(conversation.exchanges).toEqual([first, second, first]);
    });
  });

  it("keeps what has come of a reply that is interrupted", async () => {
    await withConversation(async (conversation) => {
      expect(conversation.interrupt()).toBe(false);
      const pieces = conversation.say("Tom had a cat.");
      let seen = "";
      while (seen === "") seen += ((await pieces.next()).value as { text: string }).text;
      expect(conversation.interrupt()).toBe(true);
      let last = await pieces.next();
      while (!last.done) last = await pieces.next();
      expect(last.value).toMatchObject({ finishReason: null });
      const { reply } = last.value;
      expect(reply.startsWith(seen)).toBe(true);
      expect(conversation.interrupt()).toBe(false);
      const next = await said(conversation, "It was big.");
      expect(next.reply).toBe(await replyTo("Tom had a cat.", reply, "It was big."));
    });
  });

  it("ends with the reason of its signal", async () => {
    const stop = new AbortController();
    await withConversation(
      async (conversation) => {
        stop.abort(new Error("enough"));
        await expect(said(conversation, "Tom had a cat.")).rejects.toThrow("enough");
      },
      { signal: stop.signal },
    );
  });

  it("tells once what holds for every reply", async () => {
    const events: RecipeEvent[] = [];
    const onEvent = (event: RecipeEvent): void => void events.push(event);
    await withConversation(
      async (conversation) => {
        await said(conversation, "Tom had a cat.");
        const before = events.length;
        await said(conversation, "It was big.");
        expect(events.slice(before).filter(({ type }) => type !== "progress")).toEqual([]);
      },
      { onEvent },
    );
    expect(events.length).toBeGreaterThan(0);
  });

  it("needs a tokenizer", async () => {
    await expect(Conversation.open(tinyModel("qwen2"))).rejects.toThrow(
      "the folder has no tokenizer.json, which a conversation needs",
    );
  });
});
