import { asPhrase, phrase } from "@lathe/files";
import { ROW_SHAPES, RowError } from "./row-error.js";
import type { RowPlace } from "../read/row-place.js";
import {
  callsTools,
  UNSCORED,
  type ChatMessage,
  type ChatRole,
  type PreferenceSide,
  type Row,
  type RowFields,
  type Tools,
} from "./row.js";
import { withSharedPrompt } from "../preference/shared-prompt.js";
import { inKnownShape, inKnownTurn } from "./row-dialects.js";
import { hasTools, parseToolCalls, parseTools } from "./parse-tools.js";
import { withWeight } from "./row-weight.js";
import { typeName } from "./type-name.js";
import { writtenText } from "./written-text.js";

const ROLES: readonly ChatRole[] = ["system", "user", "assistant", "tool"];
const MAXIMUM_TOKEN_ID = 2 ** 31 - 1; // token files store 32-bit integers

/**
 * Reads a value of unknown origin as a row. The first shape whose keys are all there decides, in the order
 * `input_ids`, `prompt_ids`, `messages`, `chosen`+`rejected`, `prompt`+`completion`, `instruction`+`output`, `input`+`output`,
 * `text`; keys that are not part of it are kept in `fields`. A key whose value is null counts as absent. Shapes, speakers and
 * names of other programs are taken for these as `inKnownShape` and `inKnownTurn` say.
 *
 * - `{"instruction","output"}` (Alpaca): a non-empty `input` is appended to the instruction on a new line.
 * - `{"input","output"}` and `{"instruction","output"}` may carry a `system` text.
 * - Pairs and dialogues may carry `tools`, a list or the JSON text of one.
 * - A number, `true` or `false` where a text is to be, such as the answer of a sum or a label, is read as JSON writes it.
 * - A turn of the assistant that calls tools may have null content or none at all; it stays null.
 * - `{"prompt","chosen","rejected"}` are texts or lists of messages; lists may do without `prompt`, see `withSharedPrompt`.
 *   A judged `completion` and its prompt may be lists of messages too.
 * - A `weight`, the factor on the losses of a row, is kept as a number. A turn may have `train`, true or false, or OpenAI's
 *   `weight`, 0 or 1: whether it is learnt.
 * - `{"input_ids"}` without `labels` scores every token.
 *
 * @param place where the row came from; it begins the message of an error
 * @throws RowError when the shape is unknown or a value is of the wrong type
 */
export function parseRow(given: unknown, place?: RowPlace): Row {
  const value = inKnownShape(given, place);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RowError(
      null,
      phrase`expected an object of one of the shapes ${ROW_SHAPES.join(", ")}, got ${typeName(value)}`,
      place,
    );
  }
  const source = value as Record<string, unknown>;
  const has = (key: string): boolean => Object.hasOwn(source, key) && source[key] != null;
  const text = (key: string): string => readText(source, key, place);
  const fields = (...keys: string[]): RowFields =>
    withWeight(Object.fromEntries(Object.entries(source).filter(([key]) => !keys.includes(key))), place);

  // A column of tools that a row leaves empty is kept like any other field.
  const toolKeys = hasTools(source) ? ["tools"] : [];
  const tools = (): { tools?: Tools } => (hasTools(source) ? { tools: parseTools(source.tools, place) } : {});

  if (has("input_ids")) return parseTokens(source, has("labels"), fields("input_ids", "labels"), place);
  const sidesOfIds = preferenceKeys.find((keys) => ["prompt", ...keys].every((key) => has(`${key}_ids`)));
  if (sidesOfIds) {
    const keys = ["prompt", ...sidesOfIds].map((key) => `${key}_ids`);
    const ids = Object.fromEntries(keys.map((key) => [key, readIntegers(source, key, 0, place)]));
    return { kind: "preference-tokens", ids, fields: fields(...keys) };
  }
  if (has("messages")) {
    const messages = parseMessages(source.messages, place);
    return { kind: "messages", messages, ...tools(), fields: fields("messages", ...toolKeys) };
  }
  const isPair =
    has("chosen") &&
    has("rejected") &&
    (has("prompt") || (isList(source["chosen"]) && isList(source["rejected"])));
  if (isPair || (isList(source["prompt"]) && isList(source["completion"]))) {
    const keys = isPair ? ["chosen", "rejected"] : ["completion"];
    const given = withSharedPrompt(source, place) as Record<string, unknown>;
    const side = (key: string): PreferenceSide => parseSide(given, key, place);
    const completions = Object.fromEntries(keys.map((key) => [key, side(key)]));
    const of = { prompt: side("prompt"), completions, ...tools() };
    return { kind: "preference", ...of, fields: fields("prompt", ...keys, ...toolKeys) };
  }
  if (has("prompt") && has("completion")) {
    const prompt = text("prompt");
    return {
      kind: "completion",
      prompt,
      completion: text("completion"),
      fields: fields("prompt", "completion"),
    };
  }
  if ((has("instruction") || has("input")) && has("output")) {
    const parts = ["instruction", "input"].filter(has).map(text);
    return {
      kind: "pair",
      ...(has("system") && text("system") !== "" ? { system: text("system") } : {}),
      input: parts.filter((part, index) => index === 0 || part !== "").join(parts[0] === "" ? "" : "\n"),
      output: text("output"),
      ...tools(),
      fields: fields("instruction", "input", "output", "system", ...toolKeys),
    };
  }
  if (has("text")) return { kind: "text", text: text("text"), fields: fields("text") };
  throw unknownShape(source, has, place);
}

/** Keys of completions that belong together. */
const preferenceKeys = [["chosen", "rejected"], ["completion"]] as const;

const isList = (value: unknown): value is unknown[] => Array.isArray(value);

/** A prompt or a completion: what the prompt is, a text or messages, the others are too. */
function parseSide(
  source: Record<string, unknown>,
  key: string,
  place: RowPlace | undefined,
): PreferenceSide {
  const value = source[key];
  if (value == null) throw new RowError(key, phrase`missing; expected a text or a list of messages`, place);
  const isMessages = isList(source["prompt"]);
  if (isMessages !== isList(value) || (!isMessages && typeof value !== "string")) {
    throw new RowError(
      key,
      phrase`expected texts, or lists of messages, on all sides, got ${typeName(source["prompt"])} and ${typeName(value)}`,
      place,
    );
  }
  return isList(value)
    ? value.map((message, index) => parseMessage(message, `${key}[${index}]`, place))
    : (value as string);
}

function unknownShape(source: object, has: (key: string) => boolean, place: RowPlace | undefined): RowError {
  const shapes = phrase`expected one of the shapes ${ROW_SHAPES.join(", ")}`;
  const partners: readonly (readonly [present: string, missing: string])[] = [
    ["instruction", "output"],
    ["input", "output"],
    ["output", "input"],
    ["prompt", "completion"],
    ["completion", "prompt"],
    ["chosen", has("rejected") ? "prompt" : "rejected"],
    ["rejected", "chosen"],
    ["labels", "input_ids"],
  ];
  const partner = partners.find(([present]) => has(present));
  if (partner !== undefined) {
    const [present, missing] = partner;
    // A table of questions and their labels has the answer under a name of its own.
    const others = Object.entries(source).filter(
      ([key, value]) => key !== present && typeof value === "string" && value !== "",
    );
    if (others.length === 1 && (missing === "output" || missing === "completion")) {
      const [[other]] = others;
      return new RowError(
        missing,
        phrase`missing beside "${present}"; where ${other} is meant, map ${missing}=${other}; ${shapes}`,
        place,
      );
    }
    return new RowError(missing, phrase`missing beside "${present}"; ${shapes}`, place);
  }
  const keys = Object.keys(source).slice(0, 8);
  return new RowError(
    null,
    phrase`${shapes}, got the keys ${keys.length === 0 ? asPhrase("(none)") : keys.join(", ")}`,
    place,
  );
}

function parseMessages(value: unknown, place: RowPlace | undefined): ChatMessage[] {
  if (!Array.isArray(value))
    throw new RowError("messages", phrase`expected a list, got ${typeName(value)}`, place);
  const messages = value.map((message: unknown, index) => parseMessage(message, `messages[${index}]`, place));
  if (!messages.some(({ role }) => role === "assistant")) {
    throw new RowError(
      "messages",
      'expected at least one turn with the role "assistant", there is nothing to learn',
      place,
    );
  }
  return messages;
}

function parseMessage(value: unknown, key: string, place: RowPlace | undefined): ChatMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RowError(key, phrase`expected {"role","content"}, got ${typeName(value)}`, place);
  }
  const source = inKnownTurn(value as Record<string, unknown>, key, place);
  const role = ROLES.find((known) => known === source.role);
  if (role === undefined) {
    const got = typeof source.role === "string" ? JSON.stringify(source.role) : typeName(source.role);
    throw new RowError(`${key}.role`, phrase`expected one of ${ROLES.join(", ")}, got ${got}`, place);
  }
  const message = { ...source, role, ...parseToolCalls(source, key, place) };
  const content = source.content ?? null;
  // A turn that only calls tools (or only thinks) has null content, or none, in the files of other programs.
  const mayBeSilent =
    role === "assistant" &&
    (callsTools({ ...message, content: null }) || typeof source.reasoning_content === "string");
  if (typeof content !== "string" && !(content === null && mayBeSilent)) {
    throw new RowError(`${key}.content`, phrase`expected a string, got ${typeName(source.content)}`, place);
  }
  checkLossKeys(source, key, place);
  return { ...message, content };
}

/** What says whether a turn is learnt must be clear: a misread one would teach what it should not. */
function checkLossKeys(
  { train, weight }: Record<string, unknown>,
  key: string,
  place: RowPlace | undefined,
): void {
  if (train != null && typeof train !== "boolean") {
    throw new RowError(`${key}.train`, phrase`expected true or false, got ${typeName(train)}`, place);
  }
  if (weight != null && weight !== 0 && weight !== 1) {
    const got = typeof weight === "number" ? String(weight) : typeName(weight);
    throw new RowError(`${key}.weight`, phrase`expected 0 or 1, got ${got}`, place);
  }
}

function parseTokens(
  source: Record<string, unknown>,
  labelled: boolean,
  fields: RowFields,
  place: RowPlace | undefined,
): Row {
  const inputIds = readIntegers(source, "input_ids", 0, place);
  const labels = labelled ? readIntegers(source, "labels", UNSCORED, place) : [...inputIds];
  if (labels.length !== inputIds.length) {
    throw new RowError(
      "labels",
      phrase`expected as many as input_ids (${inputIds.length}), got ${labels.length}`,
      place,
    );
  }
  const odd = labels.findIndex((label) => label < 0 && label !== UNSCORED);
  if (odd !== -1) {
    throw new RowError(
      `labels[${odd}]`,
      phrase`expected a token id or ${UNSCORED}, got ${labels[odd]}`,
      place,
    );
  }
  return { kind: "tokens", inputIds, labels, fields };
}

/** A list of whole numbers that token files can hold. @throws RowError */
export function readIntegers(
  source: Record<string, unknown>,
  key: string,
  minimum: number,
  place: RowPlace | undefined,
): number[] {
  const value = source[key];
  if (!Array.isArray(value))
    throw new RowError(key, phrase`expected a list of integers, got ${typeName(value)}`, place);
  const numbers = value as unknown[];
  const odd = numbers.findIndex(
    (id) => typeof id !== "number" || !Number.isInteger(id) || id < minimum || id > MAXIMUM_TOKEN_ID,
  );
  if (odd !== -1) {
    const got = typeof numbers[odd] === "number" ? String(numbers[odd]) : typeName(numbers[odd]);
    throw new RowError(
      `${key}[${odd}]`,
      phrase`expected an integer from ${minimum} to ${MAXIMUM_TOKEN_ID}, got ${got}`,
      place,
    );
  }
  return [...(numbers as number[])];
}

function readText(source: Record<string, unknown>, key: string, place: RowPlace | undefined): string {
  const text = writtenText(source, key);
  if (text !== undefined) return text;
  throw new RowError(key, phrase`expected a string, got ${typeName(source[key])}`, place);
}
