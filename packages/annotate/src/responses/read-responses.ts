import { basename, dirname, extname, join } from "node:path";
import { readRecords, RowError, type RowPlace } from "@lathe/data";
import { asPhrase, FileError, InputError, isRecord, phrase } from "@lathe/files";
import type { Responses, StudyRow } from "./study-row.js";

/** Which field of a row holds the reply, the most telling name first. */
const REPLY_FIELDS = ["response", "prediction", "completion", "output", "answer", "text"] as const;

/** Which field holds the prompt, the most telling name first. */
const PROMPT_FIELDS = ["prompt", "question", "instruction", "input"] as const;

interface Reply {
  readonly id: string;
  readonly prompt: string | null;
  readonly reply: string;
  readonly reference: string | null;
  readonly scores: Readonly<Record<string, number>>;
  readonly place: RowPlace;
}

/**
 * Reads what systems replied to the same prompts: a file a system, rows matched by their `id`. A row has the reply as
 * `response` (or `prediction`, `completion`, `output`, `answer`, `text`) and the prompt as `prompt`, `question`, `instruction`
 * with `input`, or `messages`; it may have a `reference` and `scores`, numbers by the names of metrics. JSON lines, CSV, TSV
 * or Parquet.
 *
 * @throws RowError with file and line where an id is missing or comes twice, a column is missing, or the files do not match
 * @throws FileError when a file cannot be read or is empty
 */
export async function readResponses(files: readonly string[]): Promise<Responses> {
  const replies = await Promise.all(files.map(readReplies));
  const [first, ...others] = replies;
  others.forEach((other, index) => {
    checkSameIds(first, other, files[index + 1]);
    checkSameIds(other, first, files[0]);
  });
  const rows = [...first.values()].map((reply): StudyRow => {
    const all = replies.map((of) => of.get(reply.id)!);
    return {
      id: reply.id,
      prompt: promptOf(all),
      reference: all.map(({ reference }) => reference).find((text) => text !== null) ?? null,
      outputs: all.map((one) => one.reply),
      scores: all.map(({ scores }) => scores),
      gold: all.map(() => null),
    };
  });
  return { systems: systemNames(files), rows };
}

/** Names of systems: those of the files without their ends, with the folder where that is needed to tell them apart. */
function systemNames(files: readonly string[]): string[] {
  const short = files.map((file) => basename(file, extname(file)));
  const names = short.map((name, index) =>
    short.indexOf(name) === short.lastIndexOf(name) ? name : join(basename(dirname(files[index])), name),
  );
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) {
    throw new InputError(phrase`expected files of systems with names of their own, got ${double} twice`);
  }
  return names;
}

async function readReplies(file: string): Promise<ReadonlyMap<string, Reply>> {
  const replies = new Map<string, Reply>();
  for await (const record of readRecords(file)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    const reply = replyOf(record.value, place);
    const before = replies.get(reply.id);
    if (before !== undefined) {
      const problem = phrase`expected each id once, got ${reply.id} again; the first is in line ${before.place.line}`;
      throw new RowError("id", problem, place);
    }
    replies.set(reply.id, reply);
  }
  if (replies.size === 0)
    throw new FileError(file, phrase`expected ${asPhrase("at least one row")}, got ${asPhrase("none")}`);
  return replies;
}

function replyOf(value: unknown, place: RowPlace): Reply {
  if (!isRecord(value)) throw new RowError(null, "expected an object with id, prompt and response", place);
  const { id } = value;
  const isId = (typeof id === "string" && id !== "") || (typeof id === "number" && Number.isSafeInteger(id));
  if (!isId)
    throw new RowError("id", phrase`expected a text or a whole number, got ${shown(id, value)}`, place);
  const field = REPLY_FIELDS.find((name) => Object.hasOwn(value, name));
  if (field === undefined) {
    const problem = phrase`expected one of ${REPLY_FIELDS.join(", ")}, got a row with ${Object.keys(value).join(", ")}`;
    throw new RowError("response", problem, place);
  }
  const reply = value[field];
  if (typeof reply !== "string") {
    throw new RowError(field, phrase`expected a text, got ${shown(reply, value)}`, place);
  }
  return {
    id: String(id),
    prompt: promptIn(value, place),
    reply,
    reference: referenceIn(value, place),
    scores: scoresIn(value, place),
    place,
  };
}

/** What a person reads of a value that is not as expected. */
function shown(value: unknown, row: Readonly<Record<string, unknown>>): string {
  if (value === undefined) return `${Object.keys(row).slice(0, 10).join(", ")}`;
  return JSON.stringify(value).slice(0, 100);
}

function promptIn(row: Readonly<Record<string, unknown>>, place: RowPlace): string | null {
  const { messages } = row;
  if (Array.isArray(messages)) return conversationText(messages, place);
  for (const field of PROMPT_FIELDS) {
    const text = row[field];
    if (text === undefined || text === null) continue;
    if (typeof text !== "string") {
      throw new RowError(field, phrase`expected a text, got ${shown(text, row)}`, place);
    }
    const { input } = row;
    return field === "instruction" && typeof input === "string" && input !== ""
      ? `${text}\n\n${input}`
      : text;
  }
  return null;
}

/** The messages before the reply; names of speakers only where there is more than one message. */
function conversationText(messages: readonly unknown[], place: RowPlace): string {
  const said = messages.map((message, index) => {
    if (!isRecord(message) || typeof message["role"] !== "string" || typeof message["content"] !== "string") {
      throw new RowError(`messages[${index}]`, "expected an object with role and content", place);
    }
    return { role: message["role"], content: message["content"] };
  });
  const asked = said.at(-1)?.role === "assistant" ? said.slice(0, -1) : said;
  if (asked.length === 1) return asked[0].content;
  return asked.map(({ role, content }) => `${role}: ${content}`).join("\n\n");
}

function referenceIn(row: Readonly<Record<string, unknown>>, place: RowPlace): string | null {
  const { reference, references } = row;
  const text: unknown = reference ?? (Array.isArray(references) ? references[0] : undefined);
  if (text === undefined || text === null) return null;
  if (typeof text !== "string") {
    throw new RowError("reference", phrase`expected a text, got ${shown(text, row)}`, place);
  }
  return text;
}

function scoresIn(row: Readonly<Record<string, unknown>>, place: RowPlace): Record<string, number> {
  const { scores } = row;
  if (scores === undefined || scores === null) return {};
  if (!isRecord(scores)) {
    throw new RowError(
      "scores",
      phrase`expected numbers by the names of metrics, got ${shown(scores, row)}`,
      place,
    );
  }
  for (const [name, score] of Object.entries(scores)) {
    if (typeof score !== "number" || !Number.isFinite(score)) {
      throw new RowError(`scores.${name}`, phrase`expected a number, got ${shown(score, row)}`, place);
    }
  }
  return scores as Record<string, number>;
}

function checkSameIds(
  replies: ReadonlyMap<string, Reply>,
  others: ReadonlyMap<string, Reply>,
  file: string,
): void {
  for (const { id, place } of replies.values()) {
    if (!others.has(id)) {
      throw new RowError("id", phrase`expected ${file} to have a row with the id ${id} too, got none`, place);
    }
  }
}

/** The prompt of a row: that of the files that name one, which must be the same. */
function promptOf(replies: readonly Reply[]): string {
  const named = replies.filter(({ prompt }) => prompt !== null);
  const [first, ...others] = named;
  if (first === undefined) {
    throw new RowError(
      "prompt",
      phrase`expected one of ${[...PROMPT_FIELDS, "messages"].join(", ")} in a file at least, got none`,
      replies[0].place,
    );
  }
  const other = others.find(({ prompt }) => prompt !== first.prompt);
  if (other !== undefined) {
    const { file, line } = first.place;
    throw new RowError(
      "prompt",
      phrase`expected the prompt of ${file}:${line}, got another one`,
      other.place,
    );
  }
  return first.prompt!;
}
