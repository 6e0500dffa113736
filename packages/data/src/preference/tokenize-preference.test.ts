import { describe, expect, it } from "vitest";
import { tokenizeJudgement, tokenizePair } from "./tokenize-preference.js";

/** A character a token, 0 at the beginning and 1 at the end of a text. */
const tokenizer = {
  encode: (text: string, { addSpecialTokens = true } = {}): number[] => [
    ...(addSpecialTokens ? [0] : []),
    ...Array.from(text, (character) => character.codePointAt(0)!),
  ],
  beginOfSequenceId: 0,
  endOfSequenceId: 1,
};
const codes = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);

describe("tokenizePair", () => {
  it("ends both completions with the end token, after one prompt", () => {
    const row = { prompt: "ab", chosen: "c", rejected: "de" };
    const pair = tokenizePair(row, tokenizer, { maxTokens: 99 });
    expect([...pair.promptIds]).toEqual([0, ...codes("ab")]);
    expect([...pair.chosenIds]).toEqual([...codes("c"), 1]);
    expect([...pair.rejectedIds]).toEqual([...codes("de"), 1]);
    expect(pair.truncated).toBe(false);
  });

  it("takes lists of messages", () => {
    const say = (role: string, content: string): object => ({ role, content });
    const row = {
      prompt: [say("user", "a"), say("assistant", "b"), say("user", "c")],
      chosen: [say("assistant", "d")],
      rejected: [say("assistant", "e")],
    };
    const pair = tokenizePair(row, tokenizer, { maxTokens: 99 });
    expect([...pair.promptIds]).toEqual([0, ...codes("a\nb"), 1, ...codes("c\n")]);
    expect([...pair.chosenIds]).toEqual([...codes("d"), 1]);
    expect([...pair.rejectedIds]).toEqual([...codes("e"), 1]);
  });

  it("takes what both sides begin with as the prompt, where none is given", () => {
    const say = (role: string, content: string): object => ({ role, content });
    const shared = [say("user", "a"), say("assistant", "b"), say("user", "c")];
    const sides = { chosen: [say("assistant", "d")], rejected: [say("assistant", "e"), say("user", "f")] };
    const whole = {
      chosen: [...shared, ...sides.chosen],
      rejected: [...shared, say("assistant", "e")],
      dialogue: 7,
    };
    const apart = { prompt: shared, chosen: sides.chosen, rejected: [sides.rejected[0]] };
    const options = { maxTokens: 99 };
    expect(tokenizePair(whole, tokenizer, options)).toEqual(tokenizePair(apart, tokenizer, options));
    const same = { chosen: whole.chosen, rejected: whole.chosen };
    expect(() => tokenizePair(same, tokenizer, options)).toThrow("got the same");
    expect(() => tokenizePair({ ...whole, rejected: shared }, tokenizer, options)).toThrow('key "rejected"');
    for (const [chosen, rejected] of [
      [sides.chosen, sides.rejected],
      [[], []],
    ]) {
      expect(() => tokenizePair({ chosen, rejected }, tokenizer, options)).toThrow(
        'key "prompt": missing; expected it, or chosen and rejected that begin with the same messages',
      );
    }
  });

  it("cuts the prompt from the left and keeps completions", () => {
    const row = { prompt_ids: [1, 2, 3, 4], chosen_ids: [5, 6], rejected_ids: [7] };
    const pair = tokenizePair(row, null, { maxTokens: 4 });
    expect([...pair.promptIds]).toEqual([3, 4]);
    expect([...pair.chosenIds]).toEqual([5, 6]);
    expect(pair.truncated).toBe(true);
  });

  it.each([
    [{ prompt: "a", chosen: "b" }, 'key "rejected": missing'],
    [{ prompt: "a", chosen: "b", rejected: "b" }, "got the same"],
    [{ prompt: "a", chosen: ["b"], rejected: "b" }, "expected texts, or lists of messages"],
    [{ prompt_ids: [1], chosen_ids: [], rejected_ids: [2] }, 'key "chosen_ids": expected at least one token'],
    [{ prompt_ids: [1], chosen_ids: [1, 2], rejected_ids: [1, 3], cut: true }, "got the same"],
    [7, "expected an object"],
  ])("refuses %j", (row, message) => {
    const maxTokens = typeof row === "object" && "cut" in row ? 2 : 99;
    expect(() => tokenizePair(row, tokenizer, { maxTokens })).toThrow(message);
  });
});

describe("tokenizeJudgement", () => {
  it("takes a completion with its label", () => {
    const row = { prompt: "a", completion: "b", label: false };
    expect(tokenizeJudgement(row, tokenizer, { maxTokens: 9 }).label).toBe(false);
    expect(() => tokenizeJudgement({ ...row, label: 1 }, tokenizer, { maxTokens: 9 })).toThrow(
      'key "label": expected true or false',
    );
  });
});
