import { byteIn, type BytePattern, choice, literal, optional, repeat, sequence } from "./byte-grammar.js";

/** Rules that patterns of JSON are made from, by the number that they have in a grammar. */
export const jsonRules = { character: 1, space: 2, any: 3, anyObject: 4, anyArray: 5, string: 6 } as const;

const rule = (number: number): BytePattern => ({ kind: "rule", rule: number });

/** Characters of an indent at most: a model that writes nothing but blanks comes to an end. */
const INDENT = 40;
/** Digits of a whole number at most: all such numbers are whole in a double as well. */
const WHOLE_DIGITS = 15;
const FRACTION_DIGITS = 15;

const quote = byteIn(0x22);
const digit = byteIn(0x30, 0x39);
const hex = choice(digit, byteIn(0x41, 0x46), byteIn(0x61, 0x66));
const continuation = byteIn(0x80, 0xbf);

/** A character above ASCII in UTF-8 (RFC 3629, §4). */
const wideCharacter = choice(
  sequence(byteIn(0xc2, 0xdf), continuation),
  sequence(byteIn(0xe0), byteIn(0xa0, 0xbf), continuation),
  sequence(choice(byteIn(0xe1, 0xec), byteIn(0xee, 0xef)), continuation, continuation),
  sequence(byteIn(0xed), byteIn(0x80, 0x9f), continuation),
  sequence(byteIn(0xf0), byteIn(0x90, 0xbf), continuation, continuation),
  sequence(byteIn(0xf1, 0xf3), continuation, continuation, continuation),
  sequence(byteIn(0xf4), byteIn(0x80, 0x8f), continuation, continuation),
);

/** Written out as `\uXXXX`: not the half of a pair, which would be no character. */
const escapedUnit = sequence(
  literal("u"),
  choice(
    sequence(
      choice(digit, byteIn(0x41, 0x43), byteIn(0x61, 0x63), byteIn(0x45, 0x46), byteIn(0x65, 0x66)),
      hex,
    ),
    sequence(choice(byteIn(0x44), byteIn(0x64)), byteIn(0x30, 0x37)),
  ),
  hex,
  hex,
);

/** One character within a JSON string. */
const character = choice(
  byteIn(0x20, 0x21),
  byteIn(0x23, 0x5b),
  byteIn(0x5d, 0x7f),
  wideCharacter,
  sequence(byteIn(0x5c), choice(...Array.from('"\\/bfnrt', (escaped) => literal(escaped)), escapedUnit)),
);

/** A blank, or a line end with an indent, or nothing. */
const space = optional(choice(byteIn(0x20), sequence(byteIn(0x0a), repeat(byteIn(0x20), 0, INDENT))));

/** Blanks as they may stand between the parts of a JSON text. */
export const jsonSpace: BytePattern = rule(jsonRules.space);

/** A JSON string of so many characters. */
export function jsonString(least = 0, most = Infinity): BytePattern {
  return least === 0 && most === Infinity
    ? rule(jsonRules.string)
    : sequence(quote, repeat(rule(jsonRules.character), least, most), quote);
}

/** A JSON string as it is written shortest: no character is escaped that need not be. */
export const plainJsonString: BytePattern = sequence(
  quote,
  repeat(
    choice(
      byteIn(0x20, 0x21),
      byteIn(0x23, 0x5b),
      byteIn(0x5d, 0x7f),
      wideCharacter,
      sequence(byteIn(0x5c), choice(...Array.from('"\\bfnrt', (escaped) => literal(escaped)))),
    ),
    0,
    Infinity,
  ),
  quote,
);

/** A whole number. */
export const jsonInteger: BytePattern = sequence(
  optional(literal("-")),
  choice(literal("0"), sequence(byteIn(0x31, 0x39), repeat(digit, 0, WHOLE_DIGITS - 1))),
);

/** A number. */
export const jsonNumber: BytePattern = sequence(
  jsonInteger,
  optional(sequence(literal("."), repeat(digit, 1, FRACTION_DIGITS))),
  optional(
    sequence(
      choice(literal("e"), literal("E")),
      optional(choice(literal("-"), literal("+"))),
      repeat(digit, 1, 2),
    ),
  ),
);

/** `true` or `false`. */
export const jsonBoolean: BytePattern = choice(literal("true"), literal("false"));

/** Any value, any object, any array. */
export const anyJson: BytePattern = rule(jsonRules.any);
/** Any object. */
export const anyJsonObject: BytePattern = rule(jsonRules.anyObject);
/** Any array. */
export const anyJsonArray: BytePattern = rule(jsonRules.anyArray);

/** A value as JSON writes it without blanks. */
export const jsonConstant = (value: unknown): BytePattern => literal(JSON.stringify(value));

/** Parts between brackets with commas between them, from `least` to `most` of them. */
export function jsonList(
  [open, close]: readonly [string, string],
  part: BytePattern,
  least = 0,
  most = Infinity,
): BytePattern {
  const following = sequence(jsonSpace, literal(","), jsonSpace, part);
  const some = sequence(part, repeat(following, Math.max(0, least - 1), most - 1), jsonSpace);
  const inside = most === 0 ? [] : least === 0 ? [optional(some)] : [some];
  return sequence(literal(open), jsonSpace, ...inside, literal(close));
}

/** A key that is none of the given ones, as a string without escapes. */
export function otherKey(names: readonly string[]): BytePattern {
  const taken = names.map((name) => Buffer.from(JSON.stringify(name).slice(1, -1), "utf8"));
  return sequence(quote, unlike(taken), quote);
}

/** Plain characters that are other than each of the texts. */
function unlike(texts: readonly Uint8Array[]): BytePattern {
  const plain = choice(byteIn(0x20, 0x21), byteIn(0x23, 0x5b), byteIn(0x5d, 0x7f), wideCharacter);
  const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c;
  const firsts = new Set(texts.filter(({ length }) => length > 0).map(([first]) => first));
  const options: BytePattern[] = [];
  if (texts.every(({ length }) => length > 0)) options.push(sequence());
  for (const first of firsts) {
    if (!isPlain(first)) continue;
    const rest = texts.filter(([byte]) => byte === first).map((text) => text.subarray(1));
    options.push(sequence(byteIn(first), unlike(rest)));
  }
  // A name that begins with a wide character shares its first byte with others: such keys are left out as a whole.
  const others: BytePattern[] = [];
  for (let byte = 0x20; byte < 0x80; byte++)
    if (isPlain(byte) && !firsts.has(byte)) others.push(byteIn(byte));
  if ([...firsts].every((first) => first < 0x80)) others.push(wideCharacter);
  options.push(sequence(choice(...others), repeat(plain, 0, Infinity)));
  return choice(...options);
}

/** The rules from 1 on: a grammar puts its own text before them. */
export const jsonRuleList: readonly BytePattern[] = [
  character,
  space,
  choice(anyJsonObject, anyJsonArray, rule(jsonRules.string), jsonNumber, jsonBoolean, literal("null")),
  jsonList(["{", "}"], sequence(rule(jsonRules.string), jsonSpace, literal(":"), jsonSpace, anyJson)),
  jsonList(["[", "]"], anyJson),
  sequence(quote, repeat(rule(jsonRules.character), 0, Infinity), quote),
];
