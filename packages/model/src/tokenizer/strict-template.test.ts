import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { StrictTemplate } from "./strict-template.js";

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/tool-calls/${name}`, import.meta.url)), "utf8");
const specialTokens = { bos_token: "<｜begin▁of▁sentence｜>", eos_token: "<｜end▁of▁sentence｜>" };

interface Row {
  messages: { content?: string | null }[];
  tools?: unknown;
}
interface Expected {
  text?: string;
  jinja2?: string;
}

const rowsOf = (name: string): Row[] =>
  read(name)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
const expected = JSON.parse(read("expected.json")) as { rows: Expected[]; null: Expected[] };

/** As rows reach a template: absent content is null, tools are a list. */
function render(template: StrictTemplate, { messages, tools }: Row): string {
  const turns = messages.map((message) => ({ ...message, content: message.content ?? null }));
  const list: unknown = typeof tools === "string" ? JSON.parse(tools) : (tools ?? null);
  return template.render({ ...specialTokens, messages: turns, tools: list, add_generation_prompt: false });
}

describe("dialogues that call tools, against Jinja in Python", () => {
  const template = new StrictTemplate(read("r1-style.jinja"));

  it.each(rowsOf("rows.jsonl").map((row, index) => [index + 1, row, expected.rows[index]] as const))(
    "row %i",
    (_number, row, { text, jinja2 }) => {
      if (text === undefined) {
        expect(() => render(template, row)).toThrow(jinja2?.replace("TypeError: ", ""));
      } else {
        // JSON numbers have no float of integral value here: 1.0 is written 1.
        expect(render(template, row)).toBe(text.replace('"default": 1.0', '"default": 1'));
      }
    },
  );

  it("null content is none, and calls are defined", () => {
    const [row] = rowsOf("null.jsonl");
    expect(render(new StrictTemplate(read("null.jinja")), row)).toBe(expected.null[0].text);
  });
});

describe("a text and what is none", () => {
  const values = { text: "t", mapping: { a: 1 }, list: [1], number: 1, nothing: null, deep: [{ a: 1 }] };

  it.each([
    ["{{ 'x' + mapping }}", 'can only concatenate str (not "dict") to str'],
    ["{{ mapping + text }}", "unsupported operand type(s) for +: 'dict' and 'str'"],
    ["{{ 'x' + 'y' + mapping + 'z' }}", 'can only concatenate str (not "dict") to str'],
    ["{{ 'x' + list }}", 'can only concatenate str (not "list") to str'],
    ["{{ 'x' + number }}", 'can only concatenate str (not "int") to str'],
    ["{{ 'x' + nothing }}", 'can only concatenate str (not "NoneType") to str'],
    ["{% set x = text + mapping %}{{ x }}", 'can only concatenate str (not "dict") to str'],
    ["{% for m in deep %}{{ 'x' + m }}{% endfor %}", 'can only concatenate str (not "dict") to str'],
    ["{% macro f(a) %}{{ 'x' + a }}{% endmacro %}{{ f(mapping) }}", 'can only concatenate str (not "dict")'],
    ["{{ 'x' ~ mapping }}", "~ cannot write a mapping"],
    ["{{ deep | join(',') }}", "a mapping stands where a text is expected"],
  ])("%s is refused", (source, message) => {
    expect(() => new StrictTemplate(source).render(values)).toThrow(message);
  });

  it.each([
    ["{{ text + 'x' + (mapping | tojson) }}", 'tx{"a": 1}'],
    ["{{ list + [2] }}", "[1, 2]"],
    ["{{ 1 + 2 * 3 + 0.5 }}", "7.5"],
    ["{{ text ~ number }}", "t1"],
    [
      "{% set n = namespace(c=0) %}{% macro f() %}{% set n.c = n.c + 1 %}x{% endmacro %}{{ f() + f() + n.c | string }}",
      "xx2",
    ],
    [
      "{{ range(3) | list }}{{ range(1, 6, 2) | list }}{{ range(3, 0, -1) | list }}",
      "[0, 1, 2][1, 3, 5][3, 2, 1]",
    ],
    ["{{ True }}{{ none is none }}", "truetrue"],
    ["{{ '[object Map]' + text }}", "[object Map]t"],
  ])("%s is written", (source, text) => {
    expect(new StrictTemplate(source).render(values)).toBe(text);
  });

  it("lets a message speak of objects", () => {
    const text = "prints [object Object]";
    expect(new StrictTemplate("{{ m }}").render({ m: text })).toBe(text);
  });

  it("passes the template's own refusal on", () => {
    expect(() => new StrictTemplate("{{ raise_exception('roles must alternate') }}").render({})).toThrow(
      "roles must alternate",
    );
    expect(new StrictTemplate("{{ strftime_now('%Y-%m-%d %B') }}").render({})).toMatch(
      /^\d{4}-\d\d-\d\d [A-Z][a-z]+$/,
    );
  });
});
