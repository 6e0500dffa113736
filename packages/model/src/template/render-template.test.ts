import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keepJsonForm } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { Dict, fromJavaScript, type Value } from "./python-values.js";
import { type RenderOptions, Template } from "./render-template.js";
import { TemplateError } from "./template-error.js";

const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)), "utf8");

/** A value of Python as the fixture writes it. */
type Encoded =
  | null
  | boolean
  | string
  | readonly Encoded[]
  | { int?: string; float?: string; dict?: [Encoded, Encoded][] };

function decoded(value: Encoded): Value {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decoded);
  const { int, float, dict = [] } = value as Exclude<typeof value, readonly Encoded[]>;
  if (int !== undefined) return BigInt(int);
  if (float !== undefined) return Number(float);
  return new Dict(dict.map(([key, item]) => [decoded(key), decoded(item)] as const));
}

interface Case {
  readonly src: string;
  readonly text?: string;
  readonly error?: string;
}

it("renders thousands of generated templates as Jinja in Python does, or refuses those that it refuses", () => {
  const { variables, cases } = JSON.parse(fixture("templates/expressions.json")) as {
    variables: Record<string, Encoded>;
    cases: Case[];
  };
  const values = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, decoded(value)]));
  const different: unknown[] = [];
  for (const { src, text, error } of cases) {
    let made: string;
    try {
      made = new Template(src).render(values).text;
    } catch (fault) {
      if (!(fault instanceof TemplateError)) throw new Error(`crash in ${src}`, { cause: fault });
      if (error === undefined) different.push({ src, expected: text, fault: fault.message });
      continue;
    }
    if (made !== text) different.push({ src, expected: text ?? error, made });
  }
  expect(cases.length).toBeGreaterThanOrEqual(5000);
  // Sets and complex numbers are no values here: what gives one is refused, as an error of the row.
  const refused = ["{{ [1, 0] - dict(a=1,b=2).keys() }}", "{{ g ** g }}"];
  expect(different).toEqual(
    refused.map((src) => expect.objectContaining({ src, fault: expect.any(String) as string }) as unknown),
  );
});

const render = (source: string, variables: object = {}, options: RenderOptions = {}): string => {
  const values = Object.entries(variables).map(([name, value]) => [name, fromJavaScript(value)] as const);
  return new Template(source).render(Object.fromEntries(values), options).text;
};

/** JSON as rows are read: what JavaScript does not hold of it is kept. */
function formed(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  keepJsonForm(value, text);
  return value;
}

describe("rows whose template shows how Python writes values", () => {
  const expected = JSON.parse(fixture("templates/cases/expected.json")) as Record<
    string,
    string | { text: string }[]
  >;

  it.each(["lstrip", "values", "tojson"])("%s", (name) => {
    const [row] = fixture(`templates/cases/${name}.jsonl`).trim().split("\n");
    const text = render(fixture(`templates/cases/${name}.jinja`), {
      ...(formed(row) as object),
      bos_token: "<｜begin▁of▁sentence｜>",
      eos_token: "<｜end▁of▁sentence｜>",
      add_generation_prompt: false,
    });
    const wanted = expected[name];
    expect(text).toBe(typeof wanted === "string" ? wanted : wanted[0].text);
  });
});

describe("dialogues that call tools, against Jinja in Python", () => {
  const specialTokens = { bos_token: "<｜begin▁of▁sentence｜>", eos_token: "<｜end▁of▁sentence｜>" };
  const rowsOf = (name: string): { messages: { content?: string | null }[]; tools?: unknown }[] =>
    fixture(`tool-calls/${name}`)
      .trim()
      .split("\n")
      .map((line) => formed(line) as { messages: { content?: string | null }[]; tools?: unknown });
  const expected = JSON.parse(fixture("tool-calls/expected.json")) as {
    rows: { text?: string; jinja2?: string }[];
    null: { text?: string }[];
  };
  /** As rows reach a template: absent content is null, tools are a list. */
  const rendered = (template: string, { messages, tools }: ReturnType<typeof rowsOf>[number]): string =>
    render(fixture(`tool-calls/${template}`), {
      ...specialTokens,
      messages: messages.map((message) => ({ ...message, content: message.content ?? null })),
      tools: typeof tools === "string" ? formed(tools) : (tools ?? null),
      add_generation_prompt: false,
    });

  it.each(rowsOf("rows.jsonl").map((row, index) => [index + 1, row, expected.rows[index]] as const))(
    "row %i",
    (_number, row, { text, jinja2 }) => {
      if (text === undefined) {
        expect(() => rendered("r1-style.jinja", row)).toThrow(jinja2?.replace("TypeError: ", ""));
      } else {
        expect(rendered("r1-style.jinja", row)).toBe(text);
      }
    },
  );

  it("null content is none, and calls are defined", () => {
    expect(rendered("null.jinja", rowsOf("null.jsonl")[0])).toBe(expected.null[0].text);
  });
});

describe("white space", () => {
  it.each([
    ["a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"],
    ["  {%+ if true %}x{% endif %}\n", "  x"],
    ["{% if true +%}\nx{% endif %}", "\nx"],
    ["a  {{- 1 -}}  b", "a1b"],
    ["a {# c #}\nb", "a b"],
    ["  {# c #}\nb", "b"],
    ["{% raw %} {{ x }} {% endraw %}", " {{ x }} "],
    ["a\r\nb\r", "a\nb"],
  ])("%j renders %j", (source, text) => {
    expect(render(source)).toBe(text);
  });
});

it.each([
  ["{{ 'a😀b'.strip('ab') }}|{{ ' 😀 '.lstrip() }}|{{ '😀x😀'.rstrip('😀') }}", "😀|😀 |😀x"],
  ["{{ 'ab'.startswith('') }}{{ 'a😀'.endswith('😀') }}{{ 'abc'.startswith('b', 1) }}", "TrueTrueTrue"],
  ["{{ '{0.real}/{0.imag}'.format(3) }} {{ n.denominator }} {{ f.real }}", "3/0 1 2.5"],
])("shows texts and numbers as Python does: %s", (source, expected) => {
  expect(render(source, { n: 3, f: 2.5 })).toBe(expected);
});

it.each(["lipsum", "self"])("refuses %s, which Python has and is none here, unless it is set", (name) => {
  expect(() => render(`{{ ${name} is defined }}`)).toThrow(`'${name}' is not to be had here`);
  expect(render(`{% set ${name} = 1 %}{{ ${name} }}`)).toBe("1");
});

it("says where generation blocks stand", () => {
  const template = new Template("{% for m in ms %}<{% generation %}{{ m }}{% endgeneration %}>{% endfor %}");
  const { text, generated } = template.render({ ms: ["ab", "😀"] });
  expect(generated.map(([start, end]) => text.slice(start, end))).toEqual(["ab", "😀"]);
});

it("passes the template's own refusal on, and the time in English", () => {
  expect(() => render("{{ raise_exception('roles must alternate') }}")).toThrow("roles must alternate");
  expect(render("{{ strftime_now('%Y-%m-%d %B') }}")).toMatch(/^\d{4}-\d\d-\d\d [A-Z][a-z]+$/);
});

describe("what Transformers' sandbox refuses", () => {
  it.each(["{{ l.append(1) }}", "{{ d.update({}) }}", "{{ l.__class__() }}", "{{ d.pop('a') }}"])(
    "%s",
    (source) => {
      expect(() => render(source, { l: [1], d: { a: 1 } })).toThrow("unsafe");
    },
  );
});

describe("a hostile template ends soon", () => {
  it.each([
    ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps"],
    ["{{ 'x' * 10 ** 12 }}", "too large"],
    ["{{ 9 ** (9 ** (9 ** 9)) }}", "too large"],
    [
      "{% set ns = namespace(s='x') %}{% for a in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "too large",
    ],
    ["{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"],
    ["{{ 10 ** 5000 }}", "4300 digits"],
    ["{{ range(10 ** 9) | list }}", "Range too big"],
    ["{{ 'x'.center(10 ** 11) }}", "too large"],
    ["{{ '%999999999999d' % 1 }}", "too large"],
    [`{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`, "nested too deeply"],
    [`${"{% if true %}".repeat(5000)}`, "nested too deeply"],
  ])("%s", (source, message) => {
    expect(() => render(source, {}, { steps: 200_000 })).toThrow(message);
  });
});

it.each([
  ["{% if true %}", "Unexpected end of template"],
  ["{{ 1", "unexpected end of template"],
  ["{{ (1] }}", "unexpected ']', expected ')'"],
  ["{% nosuch %}", "unknown tag 'nosuch'"],
  ["{% include 'x' %}", "asks for another file"],
  ["{{ x is defined is defined }}", "chain multiple tests"],
  ["\n\n{{ 'x' | nosuch }}", "No filter named 'nosuch'"],
  ["{% set true = 1 %}", "can't assign"],
])("%j does not parse", (source, message) => {
  expect(() => new Template(source)).toThrow(message);
});

interface Conversation {
  readonly id: string;
  readonly messages: unknown;
  readonly tools: unknown;
  readonly add_generation_prompt: boolean;
}
interface Outcome {
  readonly conversation: string;
  readonly text?: string;
  readonly error?: string;
}

// Chat templates belong to those who published them. A folder of some, rendered by scripts/reference/chat_templates.py, is
// compared where LATHE_CHAT_TEMPLATES names it.
const folder = process.env["LATHE_CHAT_TEMPLATES"];

describe.skipIf(folder === undefined)("chat templates as published", () => {
  const read = (name: string): string => readFileSync(join(folder ?? "", name), "utf8");
  const recorded =
    folder === undefined ? {} : (JSON.parse(read("expected.json")) as Record<string, Outcome[]>);
  // The time that the recorded renderings were told.
  const now = new Date(2026, 0, 2, 15, 4, 5);
  const tokens = {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    pad_token: "<pad>",
    documents: null,
  };

  it.each(Object.entries(recorded))("%s", (name, outcomes) => {
    const source = read(`templates/${name}.jinja`);
    const conversations = JSON.parse(read("conversations.json")) as Conversation[];
    for (const { conversation: id, text, error } of outcomes) {
      const { id: _, ...given } = conversations.find((conversation) => conversation.id === id)!;
      const made = (): string => render(source, { ...tokens, ...given }, { now });
      if (error === undefined) expect(made(), id).toBe(text);
      else expect(made, id).toThrow(TemplateError);
    }
  });
});
