/** Texts of the grammar of a schema are JSON that the schema takes, judged by another validator. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { ByteAutomaton } from "./byte-automaton.js";
import { jsonObjectGrammar, schemaGrammar } from "./schema-grammar.js";
import { SchemaError } from "./schema-error.js";
import { TokenConstraint } from "./constraint.js";
import { TokenTrie } from "./token-trie.js";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";

const texts = [
  "{",
  "}",
  '"',
  "name",
  '{"',
  '":',
  '", "',
  "tr",
  "true",
  "12",
  ", ",
  "\n",
  "  ",
  "]",
  "[",
  "\\u00",
];
const words = Array.from(texts, (text) => Buffer.from(text, "utf8"));

/** All bytes and some words. */
const vocabulary = {
  vocabularySize: 257 + words.length,
  tokenBytes: (id: number): Uint8Array | null =>
    id === 256 ? null : id < 256 ? Uint8Array.of(id) : words[id - 257],
};
const END = 256;
const trie = new TokenTrie(vocabulary);

/** A text that a model without any sense would write under the grammar; short ones are likelier. */
function babble(constraint: TokenConstraint, draw: () => number): string {
  const reply = constraint.begin();
  const bytes: number[] = [];
  const closing = new Set([...'}]"'].map((sign) => sign.charCodeAt(0)));
  while (!reply.isComplete) {
    const logits = Float32Array.from({ length: vocabulary.vocabularySize }, (_, id) =>
      closing.has(id) || id === END ? 3 * draw() + bytes.length / 100 : draw(),
    );
    reply.apply(logits, new Set([END]));
    const id = logits.indexOf(Math.max(...logits));
    expect(logits[id]).toBeGreaterThan(-Infinity);
    if (id === END) break;
    const text = vocabulary.tokenBytes(id)!;
    reply.push(id, text);
    bytes.push(...text);
    expect(bytes.length).toBeLessThan(20_000);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
}

type Draw = () => number;
const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[Math.floor(draw() * items.length)];
const below = (draw: Draw, limit: number): number => Math.floor(draw() * limit);

const someValue = (draw: Draw): unknown =>
  pick(draw, [null, true, 0, -1.5, "", 'a "b" \\ c', "日本語\n", [1, "x"], { k: [] }]);

function someSchema(draw: Draw, depth: number): unknown {
  const leaf = depth <= 0;
  const kind = pick(
    draw,
    leaf
      ? ["string", "integer", "number", "boolean", "null", "enum", "const"]
      : ["object", "object", "array", "anyOf", "types", "string", "ref", "tuple"],
  );
  switch (kind) {
    case "string": {
      const least = below(draw, 4);
      return pick<unknown>(draw, [
        { type: kind },
        { type: kind, minLength: least, maxLength: least + below(draw, 4) },
        { type: kind, minLength: least },
      ]);
    }
    case "enum":
      return { enum: [someValue(draw), someValue(draw)], description: "one of two" };
    case "const":
      return { const: someValue(draw) };
    case "array": {
      const least = below(draw, 3);
      return pick<unknown>(draw, [
        {
          type: "array",
          items: someSchema(draw, depth - 1),
          minItems: least,
          maxItems: least + below(draw, 3),
        },
        { type: "array", items: someSchema(draw, depth - 1) },
        { type: "array" },
      ]);
    }
    case "tuple":
      return {
        type: "array",
        prefixItems: [someSchema(draw, depth - 1), someSchema(draw, depth - 2)],
        items: pick<unknown>(draw, [false, { type: "null" }]),
      };
    case "object": {
      const names = ["name", "a", "ab", "日", 'q"uote', "", "b"].filter(() => draw() < 0.5);
      return {
        type: "object",
        properties: Object.fromEntries(names.map((name) => [name, someSchema(draw, depth - 1)])),
        required: names.filter(() => draw() < 0.5),
        ...pick<object>(draw, [
          {},
          { additionalProperties: false },
          { additionalProperties: { type: "integer" } },
          { additionalProperties: true },
        ]),
      };
    }
    case "anyOf":
      return { anyOf: [someSchema(draw, depth - 1), someSchema(draw, depth - 1)] };
    case "types":
      return { type: ["string", "null", "integer"], minLength: 1 };
    case "ref":
      return { $ref: pick(draw, ["#/$defs/leaf", "#/$defs/tree"]) };
    default:
      return { type: kind };
  }
}

describe("the grammar of a schema", () => {
  it("writes nothing but JSON that the schema takes", () => {
    const seed = 20261128;
    const draw = seededNumbers(seed);
    for (let round = 0; round < 150; round++) {
      const schema = {
        ...(someSchema(draw, 3) as object),
        $defs: {
          leaf: someSchema(draw, 0),
          tree: {
            type: "object",
            properties: { next: { anyOf: [{ type: "null" }, { $ref: "#/$defs/tree" }] } },
            required: ["next"],
          },
        },
      };
      const validate = new Ajv2020({ strict: false }).compile(schema);
      const constraint = new TokenConstraint(new ByteAutomaton(schemaGrammar(schema)), trie);
      for (let text = 0; text < 3; text++) {
        const written = babble(constraint, draw);
        const isValid = validate(JSON.parse(written));
        expect(isValid, `seed ${seed}, round ${round}: ${JSON.stringify(schema)} ${written}`).toBe(true);
      }
    }
  });

  it("of any object writes objects", () => {
    const draw = seededNumbers(7);
    const constraint = new TokenConstraint(new ByteAutomaton(jsonObjectGrammar()), trie);
    for (let round = 0; round < 50; round++) {
      expect(JSON.parse(babble(constraint, draw))).toEqual(expect.objectContaining({}));
    }
  });

  it.each([
    [
      "every key of a required list",
      { type: "object", properties: { b: { type: "null" }, a: { type: "boolean" } }, required: ["a", "b"] },
      ['{"b":null,"a":true}', '{"b": null, "a": false}', '{\n  "b": null,\n  "a": true\n}'],
      ["{}", '{"b":null}', '{"a":true}', '{"b":null,"a":true,"c":1}'],
    ],
    ["numbers", { type: "number" }, ["0", "-1.5", "1e9", "12.25E-3"], ["01", "+1", ".5", "1.", "1e", "NaN"]],
    [
      "lengths in characters",
      { type: "string", minLength: 2, maxLength: 2 },
      ['"ab"', '"日本"', '"\\n😀"', '"\\u65e5x"'],
      ['"a"', '"abc"', '"\\ud83d\\ude00x"', '"\n\n"'],
    ],
    [
      "other keys",
      { type: "object", properties: { ab: { type: "null" } }, additionalProperties: { type: "boolean" } },
      ['{"ab":null}', '{"abc":true}', '{"a":true}', '{"":false,"b":true}', '{"ab":null,"x":true}'],
      ['{"ab":true}', '{"x":null}'],
    ],
    [
      "numbers of items",
      { type: "array", items: { type: "null" }, minItems: 1, maxItems: 2 },
      ["[null]", "[null, null]"],
      ["[]", "[null,null,null]", "[null,]"],
    ],
    [
      "references as fragments of addresses are written",
      {
        type: "array",
        items: { anyOf: [{ $ref: "#/$defs/a%20b~1c%25" }, { $ref: "#/%24defs/%E7%81%AB" }] },
        $defs: { "a b/c%": { type: "null" }, 火: { type: "boolean" } },
      },
      ["[null,true]", "[]"],
      ["[1]"],
    ],
    [
      "references that lead back through lists and objects",
      {
        anyOf: [{ type: "null" }, { type: "array", items: { $ref: "#" } }, { $ref: "#/$defs/node" }],
        $defs: { node: { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] } },
      },
      ["null", "[[],[null]]", '{"next":{"next":null}}'],
      ["{}", "true"],
    ],
  ])("reads %s", (_, schema, taken, refused) => {
    const automaton = new ByteAutomaton(schemaGrammar(schema));
    const isWhole = (text: string): boolean => {
      let state: ReturnType<ByteAutomaton["next"]> = automaton.start;
      for (const byte of Buffer.from(text, "utf8")) state = state && automaton.next(state, byte);
      return state?.accepts ?? false;
    };
    for (const text of taken) expect(isWhole(text), text).toBe(true);
    for (const text of refused) expect(isWhole(text), text).toBe(false);
  });

  it("reads a chain of references that is longer than the stack", () => {
    const links = 5_000;
    const $defs = Object.fromEntries(
      Array.from({ length: links }, (_, link) => [
        `a${link}`,
        link === links - 1 ? { type: "null" } : { type: "array", items: { $ref: `#/$defs/a${link + 1}` } },
      ]),
    );
    expect(() => schemaGrammar({ $ref: "#/$defs/a0", $defs })).not.toThrow();
  });

  it.each([
    [{ type: "string", pattern: "^a" }, "pattern: replies cannot be held to this keyword"],
    [{ type: "object", properties: { age: { type: "int" } } }, "properties.age.type: expected one of object"],
    [{ type: "array", minItems: 2, maxItems: 1 }, "minItems: expected at most maxItems, got 2"],
    [{ $ref: "#/$defs/none" }, "$ref: expected a reference to a part of the schema"],
    [{ $ref: "#" }, "$ref: expected a reference that does not lead back to itself alone"],
    [
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/%61" } } },
      "does not lead back",
    ],
    [
      { anyOf: [{ type: "null" }, { $ref: "#" }] },
      "anyOf.1.$ref: expected a reference that does not lead back",
    ],
    [
      {
        type: "array",
        items: { $ref: "#/$defs/a" },
        $defs: {
          a: { anyOf: [{ type: "array", items: { $ref: "#/$defs/b" } }, { $ref: "#/$defs/b" }] },
          b: { $ref: "#/$defs/a" },
        },
      },
      "does not lead back",
    ],
    [
      { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] },
      "expected a schema that takes a value that ends",
    ],
    [{ type: "array", items: { $ref: "#" }, minItems: 1 }, "expected a schema that takes a value that ends"],
    [{ $ref: "#/$defs/%zz", $defs: {} }, "$ref: expected a reference to a part of the schema"],
    [
      { $ref: "#name", $defs: { name: { type: "null" } } },
      "$ref: expected a reference to a part of the schema",
    ],
    [{ $ref: "https://example.org/a.json" }, "$ref: expected a reference within the schema"],
    [
      { anyOf: [{ type: "null" }], type: "object" },
      "type: replies cannot be held to this keyword beside anyOf",
    ],
    [
      { type: "object", properties: {}, required: ["a"], additionalProperties: false },
      'required: expected names that are among the properties, got "a"',
    ],
    [false, "the schema: expected a schema that takes a value, got false"],
    [{ type: "string", maxLength: 300_000 }, "expected a smaller one"],
  ])("refuses %j", (schema, message) => {
    expect(() => schemaGrammar(schema)).toThrow(SchemaError);
    expect(() => schemaGrammar(schema)).toThrow(message);
  });
});
