import { asPhrase, isRecord, phrase } from "@lathe/files";
import {
  ByteGrammar,
  type BytePattern,
  choice,
  GrammarSizeError,
  literal,
  optional,
  sequence,
} from "./byte-grammar.js";
import {
  anyJson,
  anyJsonArray,
  anyJsonObject,
  jsonBoolean,
  jsonConstant,
  jsonInteger,
  jsonList,
  jsonNumber,
  jsonRuleList,
  jsonRules,
  jsonSpace,
  jsonString,
  otherKey,
  plainJsonString,
} from "./json-patterns.js";
import { areExclusive } from "./exclusive-schemas.js";
import { type NumberBound, numbersWithin } from "./number-range.js";
import { SchemaError } from "./schema-error.js";
import { SharedTexts, SharedTextsError } from "./shared-texts.js";
import { textFormats } from "./text-formats.js";
import { textLengths } from "./text-lengths.js";
import { textPattern } from "./text-pattern.js";
import { TextPatternError } from "./text-pattern-error.js";

/** Keywords that say nothing of what is valid. */
const annotations: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "definitions",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "discriminator",
  "readOnly",
  "writeOnly",
  "contentEncoding",
  "contentMediaType",
  "contentSchema",
]);

/** Whether a keyword says nothing of what is valid; those from `x-` on belong to whoever wrote them. */
const isAnnotation = (key: string): boolean => annotations.has(key) || key.startsWith("x-");

/** Keywords that replies are held to, by the type that they speak of. */
const keywordsOf: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties", "propertyNames"],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  string: ["minLength", "maxLength", "pattern", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  boolean: [],
  null: [],
};
const typeNames = Object.keys(keywordsOf);
const known: ReadonlySet<string> = new Set([
  ...Object.values(keywordsOf).flat(),
  "type",
  "enum",
  "const",
  "anyOf",
  "oneOf",
  "allOf",
  "$ref",
]);

/** Levels that a schema may be nested at most. */
const MAXIMUM_DEPTH = 100;

type Schema = Readonly<Record<string, unknown>>;

/** A grammar of any JSON object. */
export const jsonObjectGrammar = (): ByteGrammar => new ByteGrammar([anyJsonObject, ...jsonRuleList]);

/**
 * A grammar whose texts are JSON values that a schema takes. Keys come in the order of `properties`, as a model is asked for
 * them; where nothing is said of additional ones beside `properties`, there are none.
 *
 * @throws SchemaError naming the place and the keyword, where it asks for what replies cannot be held to, or for nothing
 */
export function schemaGrammar(schema: unknown): ByteGrammar {
  const rules: BytePattern[] = [sequence(), ...jsonRuleList];
  /** Number of the rule for what a `$ref` points to. */
  const references = new Map<string, number>();
  /** What references point to and has no pattern yet: one after the other, for a chain of them may be longer than the stack. */
  const referred: { readonly rule: number; readonly target: unknown; readonly name: string }[] = [];

  const ruleFor = ruleIn(rules);
  const shared = new SharedTexts(rules);

  const fault = (place: string, expected: string, actual: unknown): SchemaError =>
    new SchemaError(place, phrase`expected ${asPhrase(expected)}, got ${brief(actual)}`);

  const countOf = (of: Schema, key: string, place: string, otherwise: number): number => {
    const value = Object.hasOwn(of, key) ? of[key] : otherwise;
    if (value === Infinity) return Infinity;
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw fault(at(place, key), "a whole number from 0", value);
    return value as number;
  };

  /** The schema that a pointer within the document names, written as the fragment of an address (RFC 6901). */
  const resolve = (pointer: unknown, place: string): unknown => {
    if (typeof pointer !== "string") throw fault(place, "a text", pointer);
    if (!pointer.startsWith("#")) throw fault(place, "a reference within the schema, from #", pointer);
    const path = decodedFragment(pointer.slice(1));
    if (path === null || (path !== "" && !path.startsWith("/")))
      throw fault(place, "a reference to a part of the schema", pointer);
    let value: unknown = schema;
    for (const part of path.split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const holds = typeof value === "object" && value !== null && Object.hasOwn(value, key);
      if (!holds) throw fault(place, "a reference to a part of the schema", pointer);
      value = (value as Schema)[key];
    }
    return value;
  };

  /** Schemas whose references are known to end. */
  const settled = new Set<unknown>();

  /** Refuses references that lead back to themselves before a byte is written: nothing says what they take. */
  const checkEnds = (pointer: unknown, place: string): void => {
    const underWay = new Set<unknown>();
    const follow = (target: unknown): void => {
      if (settled.has(target)) return;
      if (underWay.has(target))
        throw fault(place, "a reference that does not lead back to itself alone", pointer);
      if (underWay.size > MAXIMUM_DEPTH) throw fault(place, `at most ${MAXIMUM_DEPTH} levels`, "more");
      underWay.add(target);
      for (const next of referencesOf(target)) follow(resolve(next, place));
      underWay.delete(target);
      settled.add(target);
    };
    follow(resolve(pointer, place));
  };

  const ofReference = (pointer: unknown, place: string): BytePattern => {
    const target = resolve(pointer, place);
    const name = pointer as string;
    const there = references.get(name);
    if (there !== undefined) return { kind: "rule", rule: there };
    checkEnds(pointer, place);
    const rule = rules.push(sequence()) - 1;
    references.set(name, rule);
    referred.push({ rule, target, name });
    return { kind: "rule", rule };
  };

  const ofObject = (of: Schema, place: string, depth: number): BytePattern => {
    const properties = Object.hasOwn(of, "properties") ? of["properties"] : {};
    if (!isRecord(properties)) throw fault(at(place, "properties"), "an object", properties);
    const required = Object.hasOwn(of, "required") ? of["required"] : [];
    if (!Array.isArray(required) || required.some((name) => typeof name !== "string"))
      throw fault(at(place, "required"), "a list of names", required);
    const asked = schemaOfNames(of, place);
    const listedKeys = constantKeys(asked);
    if (listedKeys !== null) return ofListedKeys(listedKeys, of, properties, place, depth);
    const names = Object.keys(properties);
    const additional = Object.hasOwn(of, "additionalProperties")
      ? of["additionalProperties"]
      : names.length === 0;
    const isOpen = additional !== false;
    const member = (key: BytePattern, value: BytePattern): BytePattern =>
      sequence(key, jsonSpace, literal(":"), jsonSpace, value);
    const isRequired = new Set(required as string[]);
    const listed = [...new Set([...names, ...isRequired])];
    if (!isOpen) {
      const missing = listed.find((name) => !Object.hasOwn(properties, name));
      if (missing !== undefined)
        throw fault(at(place, "required"), "names that are among the properties", missing);
    }
    const extra = isOpen ? patternOf(additional, at(place, "additionalProperties"), depth + 1) : null;
    const members = listed.map((name) => ({
      isRequired: isRequired.has(name),
      pattern: member(
        jsonConstant(name),
        Object.hasOwn(properties, name)
          ? patternOf(properties[name], at(place, `properties.${name}`), depth + 1)
          : extra!,
      ),
    }));
    if (members.length === 0 && additional === true && isAnyText(asked)) return anyJsonObject;
    const comma = sequence(jsonSpace, literal(","), jsonSpace);
    // Two rules for each place in the order: what may follow before a member has come, and after one.
    const others = extra && member(otherNames(asked, listed, place), extra);
    let before: BytePattern = others ? optional(sequence(others, othersAfter(comma, others))) : sequence();
    let after: BytePattern = others ? othersAfter(comma, others) : sequence();
    for (const { isRequired: must, pattern } of members.toReversed()) {
      const rest = ruleFor(after);
      const first = sequence(pattern, rest);
      const following = sequence(comma, pattern, rest);
      before = must ? first : choice(first, ruleFor(before));
      after = must ? following : choice(following, rest);
    }
    return sequence(literal("{"), jsonSpace, before, jsonSpace, literal("}"));
  };

  /** An object whose keys are some constants, each with a value of the same kind. */
  const ofListedKeys = (
    keys: readonly string[],
    of: Schema,
    properties: Schema,
    place: string,
    depth: number,
  ): BytePattern => {
    const other = Object.keys(properties).find((name) => !keys.includes(name));
    if (other !== undefined) throw fault(at(place, "properties"), "names that propertyNames takes", other);
    const value = Object.hasOwn(of, "additionalProperties") ? of["additionalProperties"] : true;
    const required = Object.hasOwn(of, "required") ? of["required"] : [];
    // Keys without a schema of their own are ruled out where additional ones are.
    const own = value === false ? [] : keys.map((key) => [key, value] as const);
    const all = { ...Object.fromEntries(own), ...properties };
    return ofObject({ properties: all, required, additionalProperties: false }, place, depth);
  };

  /** Keys other than the listed ones, as `propertyNames` asks for them. */
  const otherNames = (asked: unknown, listed: readonly string[], place: string): BytePattern => {
    if (isAnyText(asked)) return otherKey(listed);
    if (listed.length > 0) throw refusedBeside("propertyNames", "properties", place);
    return ofString(asked as Schema, at(place, "propertyNames"));
  };

  /** What keys are asked to be, with what references stand for in their place; `true` for any. */
  const schemaOfNames = (of: Schema, place: string): unknown => {
    const where = at(place, "propertyNames");
    let asked = Object.hasOwn(of, "propertyNames") ? of["propertyNames"] : true;
    while (isRecord(asked) && Object.hasOwn(asked, "$ref")) {
      const pointer = asked["$ref"];
      checkEnds(pointer, where);
      asked = resolve(pointer, where);
    }
    if (asked === true) return true;
    if (!isRecord(asked)) throw fault(where, "a schema that takes a text", asked);
    if (Object.hasOwn(asked, "type") && asked["type"] !== "string")
      throw fault(at(where, "type"), "string", asked["type"]);
    const unknown = Object.keys(asked).find(
      (key) => !isAnnotation(key) && !["type", "enum", "const", ...keywordsOf["string"]].includes(key),
    );
    if (unknown !== undefined)
      throw new SchemaError(
        at(where, unknown),
        asPhrase("replies cannot be held to this keyword; leave it out"),
      );
    return asked;
  };

  const ofArray = (of: Schema, place: string, depth: number): BytePattern => {
    const least = countOf(of, "minItems", place, 0);
    const most = countOf(of, "maxItems", place, Infinity);
    if (least > most) throw fault(at(place, "minItems"), "at most maxItems", least);
    const prefix = Object.hasOwn(of, "prefixItems") ? of["prefixItems"] : [];
    if (!Array.isArray(prefix)) throw fault(at(place, "prefixItems"), "a list of schemas", prefix);
    const items = Object.hasOwn(of, "items") ? of["items"] : true;
    if (prefix.length === 0) {
      if (items === false) {
        if (least > 0) throw fault(at(place, "items"), "a schema that takes a value", items);
        return jsonList(["[", "]"], sequence(), 0, 0);
      }
      if (items === true && least === 0 && most === Infinity) return anyJsonArray;
      const item = ruleFor(patternOf(items, at(place, "items"), depth + 1));
      return jsonList(["[", "]"], item, least, most);
    }
    // Rows of a fixed form: all of the first ones, then as many others as may be.
    if (most < prefix.length) throw fault(at(place, "maxItems"), "at least as many as prefixItems", most);
    const comma = sequence(jsonSpace, literal(","), jsonSpace);
    const first = (prefix as unknown[]).flatMap((one, index) => [
      ...(index === 0 ? [] : [comma]),
      patternOf(one, at(place, `prefixItems.${index}`), depth + 1),
    ]);
    const item = items === false ? null : ruleFor(patternOf(items, at(place, "items"), depth + 1));
    if (item === null && least > prefix.length)
      throw fault(at(place, "minItems"), "at most as many as prefixItems", least);
    const others: BytePattern =
      item === null
        ? sequence()
        : {
            kind: "repeat",
            part: sequence(comma, item),
            least: Math.max(0, least - prefix.length),
            most: most - prefix.length,
          };
    return sequence(literal("["), jsonSpace, ...first, others, jsonSpace, literal("]"));
  };

  const ofString = (of: Schema, place: string): BytePattern => {
    const least = countOf(of, "minLength", place, 0);
    const most = countOf(of, "maxLength", place, Infinity);
    if (least > most) throw fault(at(place, "minLength"), "at most maxLength", least);
    const hasPattern = Object.hasOwn(of, "pattern");
    // Generators write names of their own beside a pattern, which says all that they mean.
    const hasFormat = Object.hasOwn(of, "format") && !(hasPattern && isUnknownFormat(of["format"]));
    const forms = [...(hasPattern ? ["pattern"] : []), ...(hasFormat ? ["format"] : [])].map((kind) => ({
      where: at(place, kind),
      source: sourceOf(kind, of[kind], at(place, kind)),
    }));
    const lengths = forms.map(({ source, where }) => spoken(where, () => textLengths(source)));
    const isWithin =
      Math.max(0, ...lengths.map((form) => form.least)) >= least &&
      Math.min(...lengths.map((form) => form.most)) <= most;
    if (forms.length === 0) return jsonString(least, most);
    const [{ where, source }] = forms;
    if (forms.length === 1 && isWithin) return ofForm(source, where, ruleFor);
    // Each as JSON writes it shortest: further ways to write the same would multiply the states.
    const own: BytePattern[] = [sequence(), ...jsonRuleList];
    const ownRule = ruleIn(own);
    const all = [plainJsonString, ...forms.map((form) => ofForm(form.source, form.where, ownRule))];
    if (!isWithin) all.push(jsonString(least, most));
    const pattern = spoken(where, () => shared.textsOfAll(all, own));
    if (pattern === null) throw fault(where, "what lets a text in beside the other keywords", of);
    return pattern;
  };

  /** The regular expression that a keyword says, or names. */
  const sourceOf = (kind: string, value: unknown, place: string): string => {
    if (typeof value !== "string") throw fault(place, "a text", value);
    if (kind === "pattern") return value;
    if (isUnknownFormat(value)) throw fault(place, `one of ${Object.keys(textFormats).join(", ")}`, value);
    return textFormats[value];
  };

  const ofForm = (source: string, place: string, own: typeof ruleFor): BytePattern =>
    spoken(place, () => {
      const character: BytePattern = { kind: "rule", rule: jsonRules.character };
      return sequence(literal('"'), textPattern(source, { character, ruleFor: own }), literal('"'));
    });

  const boundOf = (of: Schema, place: string, way: "minimum" | "maximum"): NumberBound | null => {
    const keys = { minimum: ["minimum", "exclusiveMinimum"], maximum: ["maximum", "exclusiveMaximum"] }[way];
    const bounds = keys.flatMap((key, index): NumberBound[] => {
      if (!Object.hasOwn(of, key)) return [];
      const value = of[key];
      if (typeof value !== "number" || !Number.isFinite(value))
        throw fault(at(place, key), "a number", value);
      return [{ value, isOut: index === 1 }];
    });
    // Of two, the one that lets less in; of two alike, the one that is out itself.
    const sign = way === "minimum" ? 1 : -1;
    const [bound = null] = bounds.sort(
      (a, b) => sign * (b.value - a.value) || Number(b.isOut) - Number(a.isOut),
    );
    return bound;
  };

  const ofNumber = (of: Schema, place: string, isWhole: boolean): BytePattern => {
    const [least, most] = [boundOf(of, place, "minimum"), boundOf(of, place, "maximum")];
    if (least === null && most === null) return isWhole ? jsonInteger : jsonNumber;
    const pattern = numbersWithin(least, most, isWhole);
    if (pattern === null)
      throw fault(at(place, "minimum"), "bounds that let a number in", [least?.value, most?.value]);
    return pattern;
  };

  const ofType = (type: unknown, of: Schema, place: string, depth: number): BytePattern => {
    switch (type) {
      case "object":
        return ofObject(of, place, depth);
      case "array":
        return ofArray(of, place, depth);
      case "string":
        return ofString(of, place);
      case "number":
      case "integer":
        return ofNumber(of, place, type === "integer");
      case "boolean":
        return jsonBoolean;
      case "null":
        return literal("null");
      default:
        throw fault(at(place, "type"), `one of ${typeNames.join(", ")}`, type);
    }
  };

  const ofSchemas = (
    kind: "anyOf" | "oneOf" | "allOf",
    options: unknown,
    place: string,
    depth: number,
  ): BytePattern => {
    if (!Array.isArray(options) || options.length === 0) throw fault(place, "a list of schemas", options);
    const list = options as readonly unknown[];
    if (kind === "allOf" && list.length > 1)
      throw fault(place, "one schema, as replies cannot be held to several at a time", list);
    const patterns = list.map((one, index) => patternOf(one, at(place, String(index)), depth + 1));
    if (kind === "oneOf") checkExclusive(list, place);
    return choice(...patterns);
  };

  /** Refuses alternatives of which two might take the same value, which no grammar would notice. */
  const checkExclusive = (list: readonly unknown[], place: string): void => {
    const resolved = (pointer: unknown): unknown => resolve(pointer, place);
    for (const [index, one] of list.entries()) {
      const same = list.slice(0, index).findIndex((other) => !areExclusive(one, other, resolved));
      if (same === -1) continue;
      const expected = `what a type, a constant or a required property tells from oneOf.${same}, or anyOf in its place`;
      throw fault(at(place, String(index)), expected, one);
    }
  };

  const patternOf = (of: unknown, place: string, depth: number): BytePattern => {
    if (of === true) return anyJson;
    if (!isRecord(of)) throw fault(place, "a schema that takes a value", of);
    if (depth > MAXIMUM_DEPTH) throw fault(place, `at most ${MAXIMUM_DEPTH} levels`, "more");
    const unknown = Object.keys(of).find((key) => !known.has(key) && !isAnnotation(key));
    if (unknown !== undefined)
      throw new SchemaError(
        at(place, unknown),
        asPhrase("replies cannot be held to this keyword; leave it out"),
      );
    const kinds = ["$ref", "const", "enum", "anyOf", "oneOf", "allOf"].filter((key) =>
      Object.hasOwn(of, key),
    );
    if (kinds.length === 0) return ofTypes(of, place, depth);
    const [kind] = kinds;
    // What stands beside would have to hold as well, which a grammar of alternatives does not say.
    const beside = Object.keys(of).find((key) => key !== kind && key !== "type" && !isAnnotation(key));
    if (beside !== undefined) throw refusedBeside(beside, kind, place);
    if (kind === "$ref") return ofReference(of["$ref"], at(place, "$ref"));
    if (kind === "anyOf" || kind === "oneOf" || kind === "allOf") {
      if (Object.hasOwn(of, "type")) throw refusedBeside("type", kind, place);
      return ofSchemas(kind, of[kind], at(place, kind), depth);
    }
    const values: unknown = kind === "const" ? [of["const"]] : of["enum"];
    if (!Array.isArray(values)) throw fault(at(place, "enum"), "a list of values", values);
    const types = Object.hasOwn(of, "type") ? [of["type"]].flat() : typeNames;
    const fitting = (values as unknown[]).filter((value) => types.some((type) => isOfType(value, type)));
    if (fitting.length === 0) throw fault(at(place, kind), "at least one value of the type", values);
    return choice(...fitting.map(jsonConstant));
  };

  const ofTypes = (of: Schema, place: string, depth: number): BytePattern => {
    if (Object.hasOwn(of, "type")) {
      const types = [of["type"]].flat();
      if (types.length === 0) throw fault(at(place, "type"), `one of ${typeNames.join(", ")}`, types);
      return choice(...types.map((type) => ofType(type, of, place, depth)));
    }
    // Without a type, keywords tell which is meant: what they do not speak of would be valid too, but is not asked for.
    const meant = typeNames.filter((type) => keywordsOf[type].some((key) => Object.hasOwn(of, key)));
    if (meant.length === 0) return anyJson;
    return choice(...meant.map((type) => ofType(type, of, place, depth)));
  };

  rules[0] = patternOf(schema, "", 0);
  for (let next = referred.pop(); next !== undefined; next = referred.pop()) {
    rules[next.rule] = patternOf(next.target, next.name, 0);
  }
  if (!hasText(rules)) throw fault("", "a schema that takes a value that ends", schema);
  try {
    return new ByteGrammar(rules);
  } catch (error) {
    if (!(error instanceof GrammarSizeError)) throw error;
    throw new SchemaError(
      "",
      phrase`expected a smaller one, got one that takes more than ${error.limit} places`,
    );
  }
}

/** Whether the first rule has a text: one that needs itself within it has none that ends. */
function hasText(rules: readonly BytePattern[]): boolean {
  const ending = new Set<number>();
  const ends = (pattern: BytePattern): boolean => {
    switch (pattern.kind) {
      case "byte":
        return true;
      case "sequence":
        return pattern.parts.every(ends);
      case "choice":
        return pattern.options.some(ends);
      case "repeat":
        return pattern.least === 0 || ends(pattern.part);
      case "rule":
        return ending.has(pattern.rule);
    }
  };
  for (let before = -1; before < ending.size && !ending.has(0);) {
    before = ending.size;
    // Both ways, as rules are made of earlier ones and, where they are references, of later ones.
    const order = [...rules.keys()];
    for (const rule of [...order, ...order.toReversed()]) if (ends(rules[rule])) ending.add(rule);
  }
  return ending.has(0);
}

/** Text of a fragment without its percent signs; null where they stand for no text. */
function decodedFragment(fragment: string): string | null {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return null;
  }
}

/** References that a value of a schema may be a value of as it is: its own, and those of its alternatives. */
function referencesOf(schema: unknown): unknown[] {
  if (!isRecord(schema)) return [];
  const own = Object.hasOwn(schema, "$ref") ? [schema["$ref"]] : [];
  const options = ["anyOf", "oneOf", "allOf"].flatMap((key) =>
    Object.hasOwn(schema, key) && Array.isArray(schema[key]) ? (schema[key] as unknown[]) : [],
  );
  return [...own, ...options.flatMap(referencesOf)];
}

const othersAfter = (comma: BytePattern, member: BytePattern): BytePattern => ({
  kind: "repeat",
  part: sequence(comma, member),
  least: 0,
  most: Infinity,
});

const refusedBeside = (key: string, kind: string, place: string): SchemaError =>
  new SchemaError(
    at(place, key),
    phrase`replies cannot be held to this keyword beside ${kind}; leave it out`,
  );

/** Puts patterns into rules under numbers of their own. */
const ruleIn =
  (rules: BytePattern[]) =>
  (pattern: BytePattern): BytePattern =>
    pattern.kind === "rule" ? pattern : { kind: "rule", rule: rules.push(pattern) - 1 };

/** Says at which place of the schema a regular expression is at fault. */
function spoken<Made>(place: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (error instanceof TextPatternError || error instanceof SharedTextsError)
      throw new SchemaError(place, error.phrases()[0]);
    throw error;
  }
}

const isUnknownFormat = (format: unknown): boolean =>
  typeof format === "string" && !Object.hasOwn(textFormats, format);

/** Whether a schema of names takes every text. */
const isAnyText = (schema: unknown): boolean =>
  schema === true ||
  (isRecord(schema) && Object.keys(schema).every((key) => isAnnotation(key) || key === "type"));

/** Texts that a schema of names lists; null where it lists none. */
function constantKeys(schema: unknown): readonly string[] | null {
  if (!isRecord(schema)) return null;
  const values: unknown = Object.hasOwn(schema, "const") ? [schema["const"]] : schema["enum"];
  return Array.isArray(values) ? values.filter((value): value is string => typeof value === "string") : null;
}

const at = (place: string, key: string): string => (place === "" ? key : `${place}.${key}`);

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
