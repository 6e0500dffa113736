import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { testFolder, writeRows } from "../testing/small-study.js";
import { readGold } from "./read-gold.js";
import { readResponses } from "./read-responses.js";

const row = (id: unknown, more: object = {}) => ({
  id,
  prompt: `P${String(id)}`,
  response: `R${String(id)}`,
  ...more,
});

async function readTwo(base: readonly unknown[], tuned: readonly unknown[]) {
  const folder = await testFolder();
  const files = [await writeRows(folder, "base.jsonl", base), await writeRows(folder, "tuned.jsonl", tuned)];
  return readResponses(files);
}

describe("responses", () => {
  it("are matched by their ids, in the order of the first file", async () => {
    const { systems, rows } = await readTwo([row("b"), row("a")], [row("a", { response: "A" }), row("b")]);
    expect(systems).toEqual(["base", "tuned"]);
    expect(rows.map(({ id, outputs }) => [id, ...outputs])).toEqual([
      ["b", "Rb", "Rb"],
      ["a", "Ra", "A"],
    ]);
  });

  it("take the names of fields in use, prompts as messages, references and scores", async () => {
    const messages = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "gone" },
    ];
    const first = { id: 1, messages, prediction: "x", references: ["ref"], scores: { bleu: 1.5 } };
    const { rows } = await readTwo([first], [{ id: "1", completion: "y" }]);
    expect(rows).toEqual([
      {
        id: "1",
        prompt: "Hi",
        reference: "ref",
        outputs: ["x", "y"],
        scores: [{ bleu: 1.5 }, {}],
        gold: [null, null],
      },
    ]);
  });

  it("come from CSV too; files of the same name are told apart by their folders", async () => {
    const [a, b] = [await testFolder(), await testFolder()];
    await writeFile(join(a, "replies.csv"), 'id,instruction,input,output\n1,Add,"2, 3",5\n');
    await writeFile(join(b, "replies.csv"), "id,output\n1,6\n");
    const { systems, rows } = await readResponses([join(a, "replies.csv"), join(b, "replies.csv")]);
    expect(rows[0]).toMatchObject({ prompt: "Add\n\n2, 3", outputs: ["5", "6"] });
    expect(new Set(systems).size).toBe(2);
  });

  it.each([
    [
      "an id twice",
      [row("a"), row("a")],
      [row("a")],
      /base\.jsonl:2: key "id": expected each id once, got a again; the first is in line 1/,
    ],
    ["no id", [row("a"), { prompt: "p", response: "r" }], [row("a")], /base\.jsonl:2: key "id"/],
    ["an empty id", [row("")], [row("")], /base\.jsonl:1: key "id"/],
    [
      "no reply",
      [{ id: "a", prompt: "p", replies: "x" }],
      [row("a")],
      /base\.jsonl:1: key "response": expected one of response, .* got a row with id, prompt, replies/,
    ],
    [
      "a reply that is no text",
      [row("a", { response: 5 })],
      [row("a")],
      /base\.jsonl:1: key "response": expected a text, got 5/,
    ],
    [
      "a row that the other lacks",
      [row("a"), row("b")],
      [row("a")],
      /base\.jsonl:2: key "id": expected .*tuned\.jsonl to have a row with the id b too/,
    ],
    [
      "a row that only the other has",
      [row("a")],
      [row("a"), row("c")],
      /tuned\.jsonl:2: key "id": expected .*base\.jsonl to have a row with the id c too/,
    ],
    [
      "another prompt",
      [row("a")],
      [row("a", { prompt: "other" })],
      /tuned\.jsonl:1: key "prompt": expected the prompt of .*base\.jsonl:1/,
    ],
    ["no prompt at all", [{ id: 1, text: "x" }], [{ id: 1, text: "y" }], /base\.jsonl:1: key "prompt"/],
    ["no JSON", ["{"], [row("a")], /base\.jsonl:1/],
    ["a list", [[1]], [row("a")], /base\.jsonl:1: expected an object/],
    [
      "a score that is no number",
      [row("a", { scores: { bleu: "x" } })],
      [row("a")],
      /base\.jsonl:1: key "scores\.bleu": expected a number/,
    ],
    ["nothing", [], [row("a")], /base\.jsonl/],
  ])("with %s are refused, naming the line", async (_, base, tuned, message) => {
    await expect(readTwo(base, tuned)).rejects.toThrow(message);
  });

  it("of the same file twice are refused", async () => {
    const file = await writeRows(await testFolder(), "one.jsonl", [row("a")]);
    await expect(readResponses([file, file])).rejects.toThrow("names of their own");
  });
});

describe("gold ratings", () => {
  it("are numbers or ranges", async () => {
    const responses = await readTwo([row("a"), row("b")], [row("a"), row("b")]);
    const folder = await testFolder();
    const file = await writeRows(folder, "gold.jsonl", [
      { id: "a", system: "base", fluency: 1, relevance: [1, 2] },
      { id: "b", system: "tuned", fluency: "4-5" },
    ]);
    const { rows } = await readGold(file, responses);
    expect(rows.map(({ gold }) => gold)).toEqual([
      [{ fluency: [1, 1], relevance: [1, 2] }, null],
      [null, { fluency: [4, 5] }],
    ]);
  });

  it.each([
    [{ id: "x", system: "base", fluency: 1 }, /gold\.jsonl:1: key "id"/],
    [{ id: "a", system: "other", fluency: 1 }, /gold\.jsonl:1: key "system": expected one of base, tuned/],
    [{ id: "a", system: "base" }, /gold\.jsonl:1: expected a rating/],
    [{ id: "a", system: "base", fluency: 6 }, /gold\.jsonl:1: key "fluency"/],
    [{ id: "a", system: "base", fluency: "5-4" }, /gold\.jsonl:1: key "fluency"/],
    [{ id: "a", system: "base", fluency: [1, 2, 3] }, /gold\.jsonl:1: key "fluency"/],
  ])("of %j are refused", async (gold, message) => {
    const responses = await readTwo([row("a")], [row("a")]);
    const file = await writeRows(await testFolder(), "gold.jsonl", [gold]);
    await expect(readGold(file, responses)).rejects.toThrow(message);
  });
});
