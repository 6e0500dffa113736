import { fileURLToPath } from "node:url";
import { startEngine } from "@lathe/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModel } from "../decoder/language-model.js";
import { loadModel } from "../load-model.js";
import { loadTokenizer } from "../tokenizer/load-tokenizer.js";
import { createStreamDecoder } from "../tokenizer/stream-decoder.js";
import type { Tokenizer } from "../tokenizer/tokenizer.js";
import { generate } from "./generate.js";
import { generateText, type TextGenerationOptions, type TextPiece } from "./generate-text.js";

const folder = fileURLToPath(new URL("../../fixtures/stories260k", import.meta.url));

let model: LanguageModel;
let tokenizer: Tokenizer;
let prompt: number[];
beforeAll(async () => {
  await startEngine("wasm");
  model = await loadModel(folder);
  tokenizer = (await loadTokenizer(folder))!;
  prompt = tokenizer.encode("Once upon a time");
});
afterAll(() => model.dispose());

async function piecesOf(
  options: TextGenerationOptions,
  decoding: Parameters<typeof generateText>[1] = tokenizer,
): Promise<TextPiece[]> {
  const pieces: TextPiece[] = [];
  for await (const piece of generateText(model, decoding, prompt, options)) pieces.push(piece);
  return pieces;
}

async function idsOf(options: TextGenerationOptions): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of generate(model, [prompt], options)) ids.push(id);
  return ids;
}

const joined = (pieces: readonly TextPiece[]) => ({
  text: pieces.map(({ text }) => text).join(""),
  ids: pieces.flatMap(({ ids }) => ids),
});

/** Decodes each id to the next byte of a text, whatever the id. */
const writing = (text: string) => ({
  streamDecoder() {
    const bytes = Buffer.from(text);
    const decoder = createStreamDecoder((places) => Buffer.from(places.map((i) => bytes[i])).toString());
    let place = 0;
    return { push: () => decoder.push(place++), end: () => decoder.end() };
  },
});

describe("generateText", () => {
  it.each([
    ["greedy", {}],
    ["sampled", { temperature: 1, seed: 5 }],
  ])("gives the ids of generate and their text, in pieces, %s", async (_name, options) => {
    const ids = await idsOf({ ...options, maxNewTokens: 60 });
    const pieces = await piecesOf({ ...options, maxNewTokens: 60 });
    expect(joined(pieces).ids).toEqual(ids);
    // The first piece begins after the prompt, so decoding both shows the text.
    const whole = tokenizer.decode([...prompt, ...ids]);
    expect(whole.endsWith(joined(pieces).text)).toBe(true);
    expect(joined(pieces).text).toBe(tokenizer.decode(ids));
    expect(pieces.length).toBeGreaterThan(30);
    for (const { text } of pieces.slice(0, -1)) expect(text).not.toBe("");
  });

  it("ends at a stop text wherever it lies, leaves it out and asks the model for no more", async () => {
    const options = { maxNewTokens: 40, stopIds: [] };
    const { text: whole, ids: allIds } = joined(await piecesOf(options));
    let ended = 0;
    for (let place = 1; place + 7 < whole.length; place += 11) {
      const stop = whole.slice(place, place + 7);
      const pieces = await piecesOf({ ...options, stop: ["never in it", stop] });
      const { text, ids } = joined(pieces);
      expect(text).toBe(whole.slice(0, whole.indexOf(stop)));
      expect(ids).toEqual(allIds.slice(0, ids.length));
      expect(tokenizer.decode(ids)).toContain(stop);
      expect(tokenizer.decode(ids.slice(0, -1))).not.toContain(stop);
      ended++;
    }
    expect(ended).toBeGreaterThan(5);
  });

  it("never gives part of a character, nor of a stop text", async () => {
    const text = "客服：您好👋🏽，#请稍等##。###再见";
    const bytes = Buffer.byteLength(text);
    const pieces = await piecesOf({ maxNewTokens: bytes, stopIds: [], stop: ["###"] }, writing(text));
    expect(joined(pieces).text).toBe("客服：您好👋🏽，#请稍等##。");
    expect(joined(pieces).ids).toHaveLength(Buffer.byteLength("客服：您好👋🏽，#请稍等##。###"));
    for (const piece of pieces) {
      expect(piece.text).toBe(Buffer.from(piece.text).toString()); // no lone surrogate
      expect(piece.text).not.toContain("\u{fffd}");
    }
    // A mark that turns out not to begin the stop text comes with what shows it.
    expect(pieces.map((piece) => piece.text)).toEqual([..."客服：您好👋🏽，", "#请", "稍", "等", "##。", ""]);
  });

  it("gives at the end what was held back", async () => {
    const options = { stopIds: [], stop: ["###"] };
    const marks = await piecesOf({ ...options, maxNewTokens: 4 }, writing("ok##"));
    expect(joined(marks)).toMatchObject({ text: "ok##" });
    const half = await piecesOf({ ...options, maxNewTokens: 4 }, writing("好好"));
    expect(half.map(({ text }) => text)).toEqual(["好", "\u{fffd}"]);
    expect([marks, half].map((pieces) => pieces.at(-1)!.finishReason)).toEqual(["length", "length"]);
    expect(joined(half).ids).toHaveLength(4);
  });

  it("gives the id that ends the reply without its text", async () => {
    const ids = await idsOf({ maxNewTokens: 30, stopIds: [] });
    const stop = ids[10];
    const place = ids.indexOf(stop);
    const reply = joined(await piecesOf({ maxNewTokens: 30, stopIds: [stop] }));
    expect(reply.ids).toEqual(ids.slice(0, place + 1));
    expect(reply.text).toBe(tokenizer.decode(ids.slice(0, place)));
  });

  it("says with the last piece, and no other, why the reply ended", async () => {
    const ids = await idsOf({ maxNewTokens: 12, stopIds: [] });
    const text = tokenizer.decode(ids);
    const reasons = async (options: TextGenerationOptions) =>
      (await piecesOf({ stopIds: [], maxNewTokens: 12, ...options })).map(({ finishReason }) => finishReason);
    for (const [options, reason] of [
      [{}, "length"],
      [{ stopIds: [ids[11]] }, "stop"], // the stop id is the last that the length allows
      [{ stopIds: [ids[0]] }, "stop"],
      [{ stop: [text.slice(-3)] }, "stop"],
      [{ stop: [text.slice(2, 5)] }, "stop"],
      [{ stop: [`${text.slice(-3)}?`] }, "length"], // what was held back was no stop text
      [{ maxNewTokens: 1 }, "length"],
    ] as const) {
      const all = await reasons(options);
      expect(all.at(-1), JSON.stringify(options)).toBe(reason);
      expect(new Set(all.slice(0, -1))).toEqual(new Set(all.length > 1 ? [null] : []));
    }
  });

  it("draws from its stream", async () => {
    const options = { temperature: 1, maxNewTokens: 20, stopIds: [] };
    const first = joined(await piecesOf(options));
    expect(joined(await piecesOf({ ...options, stream: 0 }))).toEqual(first);
    expect(joined(await piecesOf({ ...options, stream: 1 }))).not.toEqual(first);
  });

  it("gives nothing for no new tokens, refuses an empty stop text, and ends with the signal", async () => {
    expect(await piecesOf({ maxNewTokens: 0 })).toEqual([]);
    await expect(piecesOf({ stop: [""] })).rejects.toThrow("stop[0]: expected a text");
    await expect(piecesOf({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});
