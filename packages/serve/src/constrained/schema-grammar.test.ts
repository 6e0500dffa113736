/** Texts of the grammar of a schema are JSON that the schema takes, judged by another validator. */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { ByteAutomaton } from "./byte-automaton.js";
import { jsonObjectGrammar, schemaGrammar } from "./schema-grammar.js";
import { SchemaError } from "./schema-error.js";
import { textFormats } from "./text-formats.js";
import { TokenConstraint } from "./constraint.js";
import { babble, trieOfBytes } from "../testing/babble.js";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";

const trie = trieOfBytes();

type Draw = () => number;
const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[Math.floor(draw() * items.length)];
const below = (draw: Draw, limit: number): number => Math.floor(draw() * limit);

const someValue = (draw: Draw): unknown =>
  pick(draw, [null, true, 0, -1.5, "", 'a "b" \\ c', "日本語\n", [1, "x"], { k: [] }]);

const somePatterns = [
  "^[A-Z]{2}-\\d{3,5}$",
  "^(?:red|green|蓝)$",
  "^日.{0,3}本|^\\S+$",
  '^["\\\\/\\n\\t]+$',
  "^[^a-z\\s]{1,4}$",
  "^\\p{Script=Greek}{2}",
  "^\\w+(?:\\.\\w+)*@\\w{1,5}$",
  "^$|^.?x",
  "^[\\u{1F600}-\\u{1F64F}é]{0,3}$",
  "^.{0,3}b",
];
const someFormats = Object.keys(textFormats);

function someBounds(draw: Draw): object {
  const ends = Array.from(
    { length: 2 },
    () => pick(draw, [1, 0.5, 0.1, 1e-7, 1000, 12_345.678, 1e15, 3]) * (below(draw, 41) - 20),
  );
  const [least, most] = [Math.min(...ends), Math.max(...ends) + 1];
  return pick<object>(draw, [
    {},
    { minimum: least },
    { exclusiveMaximum: most },
    { minimum: least, maximum: most },
    { exclusiveMinimum: least, exclusiveMaximum: most + 1 },
    { minimum: least, exclusiveMinimum: least - 1, maximum: most },
  ]);
}

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
        { type: kind, pattern: pick(draw, somePatterns) },
        { type: kind, format: pick(draw, someFormats) },
      ]);
    }
    case "integer":
    case "number":
      return { type: kind, ...someBounds(draw) };
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
    case "oneOf":
      return {
        oneOf: ["circle", "square"].map((kind, index) => ({
          type: "object",
          properties: { kind: { const: kind }, [`x${index}`]: someSchema(draw, depth - 2) },
          required: ["kind"],
        })),
        discriminator: { propertyName: "kind" },
      };
    case "allOf":
      return { allOf: [someSchema(draw, depth - 1)], default: null };
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
    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
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
      const validate = ajv.compile(schema);
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

  it("refuses a regular expression that is longer than any of use", () => {
    const pattern = "a".repeat(5001);
    expect(() => schemaGrammar({ type: "string", pattern })).toThrow("at most 5000 characters, got 5001");
  });

  it("refuses groups within each other that are deeper than what follows them", () => {
    const pattern = "(".repeat(4000);
    expect(() => schemaGrammar({ type: "string", pattern })).toThrow("at most 50 groups within each other");
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
    [
      { type: "string", pattern: "(?=a)b" },
      "pattern: replies cannot be held to (?=a) in a regular expression",
    ],
    [{ type: "string", pattern: "a^b" }, "pattern: replies cannot be held to ^ in a regular expression"],
    [{ type: "string", pattern: "(a)\\1" }, "pattern: replies cannot be held to \\1 in a regular expression"],
    [{ type: "string", pattern: "(" }, "pattern: expected a regular expression"],
    [{ type: "string", pattern: "(?:a{1000}){1000}" }, "expected a smaller one"],
    [{ type: "string", pattern: "[]" }, "expected a schema that takes a value that ends"],
    [
      { type: "string", pattern: "^a+$", format: "date" },
      "pattern: expected what lets a text in beside the other keywords",
    ],
    [
      { type: "string", pattern: "^(?:a{1,40}b{1,40}){1,40}$", maxLength: 2000 },
      "pattern: expected less beside the other keywords",
    ],
    [
      { type: "object", propertyNames: { not: {} } },
      "propertyNames.not: replies cannot be held to this keyword",
    ],
    [{ type: "object", propertyNames: { type: "integer" } }, "propertyNames.type: expected string"],
    [{ type: "object", propertyNames: false }, "propertyNames: expected a schema that takes a text"],
    [{ type: "object", propertyNames: { $ref: "#/propertyNames" } }, "does not lead back"],
    [
      {
        type: "object",
        properties: { a: true },
        additionalProperties: true,
        propertyNames: { maxLength: 3 },
      },
      "propertyNames: replies cannot be held to this keyword beside properties",
    ],
    [
      { type: "object", properties: { c: true }, propertyNames: { enum: ["a", "b"] } },
      "properties: expected names that propertyNames takes",
    ],
    [{ type: "string", format: "colour" }, "format: expected one of date, time"],
    [
      { type: "integer", minimum: 3, exclusiveMaximum: 3.5, exclusiveMinimum: 3 },
      "minimum: expected bounds that let a number in",
    ],
    [{ type: "number", minimum: "3" }, 'minimum: expected a number, got "3"'],
    [{ type: "number", exclusiveMinimum: true }, "exclusiveMinimum: expected a number, got true"],
    [{ type: "integer", multipleOf: 3 }, "multipleOf: replies cannot be held to this keyword"],
    [
      { oneOf: [{ type: "integer" }, { type: "null" }, { type: "number" }] },
      "oneOf.2: expected what a type, a constant or a required property tells from oneOf.0",
    ],
    [{ allOf: [{ type: "string" }, { type: "string" }] }, "allOf: expected one schema"],
    [{ oneOf: [{ type: "null" }, { $ref: "#" }] }, "does not lead back"],
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
