/** Schemas as generators write them for OpenAI's clients: replies are held to each, or it is refused by its keyword. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { babble, trieOfBytes } from "../testing/babble.js";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";
import { ByteAutomaton } from "./byte-automaton.js";
import { TokenConstraint } from "./constraint.js";
import { schemaGrammar } from "./schema-grammar.js";

const seed = 20261130;
const trie = trieOfBytes();

const tree = z.object({
  value: z.number(),
  get children() {
    return z.array(tree);
  },
});

/** With the keyword that replies cannot be held to, where there is one. */
const written: Readonly<Record<string, readonly [schema: z.ZodType, refused?: string]>> = {
  "an object of plain fields": [z.object({ name: z.string(), age: z.int(), isNew: z.boolean() })],
  "fields that may be left out": [z.object({ a: z.string().optional(), b: z.number().nullish() })],
  "a default": [z.object({ n: z.number().default(3) })],
  descriptions: [z.object({ a: z.string().describe("what it is") }).meta({ title: "A", id: "A" })],
  "an address of mail": [z.object({ email: z.email() })],
  "a short address of mail": [z.object({ email: z.email().max(50) }), "pattern"],
  "a uuid": [z.object({ id: z.uuid() })],
  "a uuid of a version": [z.uuidv4()],
  "an address": [z.object({ url: z.url() })],
  "an address of some length": [z.url().max(2000)],
  "an address of mail as databases bound it": [z.email().max(254)],
  "a moment": [z.object({ at: z.iso.datetime() })],
  "a moment with an offset": [z.iso.datetime({ offset: true })],
  "a day": [z.iso.date()],
  "a time": [z.iso.time()],
  "a duration": [z.iso.duration(), "pattern"],
  "an address of four bytes": [z.ipv4()],
  "a network": [z.cidrv4()],
  base64: [z.base64()],
  "base64 for addresses": [z.base64url()],
  "a number of a telephone": [z.e164()],
  ids: [z.object({ nano: z.nanoid(), ulid: z.ulid(), cuid: z.cuid2() })],
  "a token that is signed": [z.jwt(), "format"],
  "a picture sign": [z.emoji(), "pattern"],
  "a regular expression and a length": [
    z
      .string()
      .regex(/^[a-z]+$/)
      .min(3)
      .max(5),
  ],
  "several regular expressions": [z.string().regex(/^a/).regex(/b$/), "type"],
  "a beginning": [z.string().startsWith("ab").max(12)],
  "an end": [z.string().endsWith(".ts").max(12)],
  "a part": [z.string().includes("x").max(12)],
  "a text of some letters": [z.string().length(3)],
  "a template": [z.templateLiteral(["v", z.int(), "-", z.enum(["a", "b"])])],
  "numbers between bounds": [z.object({ p: z.number().gt(0).lt(1), n: z.int().min(-5).max(5) })],
  "sizes of whole numbers": [z.object({ a: z.int32(), b: z.uint32(), c: z.float32() })],
  "a multiple": [z.int().multipleOf(5), "multipleOf"],
  "an enumeration": [z.object({ colour: z.enum(["red", "green", "blue"]) })],
  literals: [z.literal(["a", 1, null, true])],
  "a list": [
    z
      .array(z.object({ a: z.string() }))
      .min(1)
      .max(3),
  ],
  "a tuple": [z.tuple([z.string(), z.number()])],
  "a tuple with a rest": [z.tuple([z.string()], z.boolean())],
  "a record": [z.record(z.string(), z.number())],
  "a record of listed names": [z.record(z.enum(["a", "b"]), z.number())],
  "a partial record of listed names": [z.partialRecord(z.enum(["a", "b"]), z.number())],
  "a record of names with a form": [z.record(z.string().regex(/^[a-z]{1,4}$/), z.boolean())],
  "a union": [z.union([z.string(), z.number(), z.null()])],
  "a union that is told apart": [
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("cat"), lives: z.int() }),
      z.object({ kind: z.literal("dog"), tricks: z.array(z.string()) }),
    ]),
  ],
  "an intersection of objects": [z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() }))],
  "an intersection of others": [z.intersection(z.string(), z.literal("a")), "allOf"],
  "a closed object": [z.strictObject({ a: z.string() })],
  "an open object": [z.looseObject({ a: z.string() })],
  "an object with a catch-all": [z.object({ a: z.string() }).catchall(z.number())],
  anything: [z.object({ any: z.any(), unknown: z.unknown() })],
  "a tree": [tree],
  "what no value is of": [z.never(), "not"],
  "mathematics step by step": [
    z.object({
      steps: z.array(z.object({ explanation: z.string(), output: z.string() })),
      answer: z.string(),
    }),
  ],
};

const fixture = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../fixtures/schemas/pydantic.json", import.meta.url)), "utf8"),
) as { schemas: Record<string, object> };
const refusedOfPydantic: Readonly<Record<string, string>> = {
  Place: "format",
  Price: "pattern",
  Sets: "uniqueItems",
  Steps: "multipleOf",
};

describe.each<[string, object, string | undefined]>([
  ...Object.entries(written).map(([name, [schema, refused]]): [string, object, string | undefined] => [
    `zod: ${name}`,
    z.toJSONSchema(schema),
    refused,
  ]),
  ...Object.entries(fixture.schemas).map(([name, schema]): [string, object, string | undefined] => [
    `pydantic: ${name}`,
    schema,
    refusedOfPydantic[name],
  ]),
])("%s", (_name, schema, refused) => {
  it(refused ? `is refused by ${refused}` : "holds replies to what it takes", () => {
    if (refused !== undefined) {
      expect(() => schemaGrammar(schema)).toThrow(new RegExp(`(^|\\.|at )${refused}[.:]`));
      return;
    }
    const ajv = new Ajv2020({ strict: false, logger: false });
    formats.default(ajv);
    const validate = ajv.compile(schema);
    const constraint = new TokenConstraint(new ByteAutomaton(schemaGrammar(schema)), trie);
    const draw = seededNumbers(seed);
    for (let text = 0; text < 4; text++) {
      const reply = babble(constraint, draw);
      const isValid = validate(JSON.parse(reply));
      expect(isValid, `seed ${seed}: ${JSON.stringify(schema)} ${reply}`).toBe(true);
    }
  });
});
