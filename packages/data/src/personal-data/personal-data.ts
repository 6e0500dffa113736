import { parseJson } from "@lathe/files";
import type { CleaningStep, Rejection } from "../clean/cleaning-step.js";
import { isMostlyHan, scriptShare } from "../clean/scripts.js";
import { mapRowTexts } from "../rows/row-texts.js";
import type { ChatMessage, Row } from "../rows/row.js";
import { DIALOGUE_FIELDS, fieldText } from "../split/group-digests.js";
import { findPersonalData } from "./find-personal-data.js";
import { plainValue } from "./fold-text.js";
import { PERSONAL_DATA_KINDS, type PersonalDataKind, type PersonalDatum } from "./kinds.js";
import { openData, sealData } from "./personal-data-key.js";
import type { ResolvedPersonalDataOptions } from "./personal-data-options.js";
import { type PlaceholderLanguage, Placeholders } from "./placeholders.js";

/** Name of the step, and of no other. */
export const PERSONAL_DATA_STEP = "personal-data";

/** Field of a row that carries what its placeholders stand for, sealed. */
export const SEALED_FIELD = "personal_data";

/** Dialogues whose placeholders are remembered, the latest: rows of one dialogue stand close together in a file. */
const MOST_DIALOGUES = 4096;

/** Keys of a turn that name tools and what they are called with. */
const CALL_KEYS = ["tool_calls", "function_call"] as const;

/**
 * The last of the steps that change texts: masks personal data, or rejects rows that hold any, or counts them. Masked are all texts of a row
 * and the arguments of its calls of tools; other fields are left alone, for they name dialogues and customers and are not learnt.
 */
export class PersonalData implements CleaningStep {
  readonly name = PERSONAL_DATA_STEP;
  readonly repeats: boolean;
  /** Data found so far, by kind. */
  readonly counts = Object.fromEntries(Object.keys(PERSONAL_DATA_KINDS).map((kind) => [kind, 0])) as Record<
    PersonalDataKind,
    number
  >;
  /** Whether what is found is counted; a survey of the rows is none. */
  counting = true;
  readonly #allowed: ReadonlySet<string>;
  readonly #dialogues = new Map<string, Placeholders>();

  constructor(readonly options: ResolvedPersonalDataOptions) {
    this.repeats = options.action === "mask";
    this.#allowed = new Set(options.allow.map(plainValue));
  }

  /** Whether texts may be shown only masked: in reports, and where rows are set aside. */
  get hides(): boolean {
    return this.options.action === "mask" || this.options.action === "drop";
  }

  readonly apply = (row: Row): Row | Rejection => {
    if (this.options.action === "mask") return this.#mask(row);
    const found = new Set<PersonalDataKind>();
    changeTexts(row, (text) => {
      for (const { kind } of this.#find(text)) found.add(kind);
      return text;
    });
    return this.options.action === "drop" && found.size > 0
      ? { reject: `it holds personal data: ${[...found].join(", ")}` }
      : row;
  };

  /** A text that is shown rather than learnt, with placeholders numbered for itself. */
  hide(text: string): string {
    const placeholders = new Placeholders();
    placeholders.see(text);
    return this.#withoutData(text, (datum) => placeholders.of(datum.kind, datum.value, languageOf(text)));
  }

  /** A text of which personal data are shown by their form alone: a dot for every letter and digit, marks and blanks as they are. */
  outline(text: string): string {
    return this.#withoutData(text, (_datum, written) => written.replace(/[\p{L}\p{M}\p{N}]/gu, "•"));
  }

  /** A text with something in the place of its data, until no more are found: what stood beside one may be recognised without it. */
  #withoutData(text: string, standIn: (datum: PersonalDatum, written: string) => string): string {
    let shown = text;
    for (;;) {
      const before = shown;
      shown = replace(before, this.#allow(before), (datum) =>
        standIn(datum, before.slice(datum.start, datum.end)),
      );
      if (shown === before) return shown;
    }
  }

  /** Any value that JSON holds, its texts as {@link hide} leaves them. */
  hideValue(value: unknown): unknown {
    return mapTexts(value, (text) => this.hide(text));
  }

  #mask(row: Row): Row {
    const texts: string[] = [];
    const finds = new Map<string, readonly PersonalDatum[]>();
    changeTexts(row, (text) => {
      texts.push(text);
      const found = this.#find(text);
      if (found.length > 0) finds.set(text, found);
      return text;
    });
    if (finds.size === 0) return row;
    const placeholders = this.#placeholders(row);
    for (const text of texts) placeholders.see(text);
    const language = languageOf(texts.join("\n"));
    const masked = new Map<string, string>();
    const changed = changeTexts(row, (text) =>
      replace(text, finds.get(text) ?? [], (datum) => {
        const placeholder = placeholders.of(datum.kind, datum.value, language);
        if (!masked.has(placeholder)) masked.set(placeholder, text.slice(datum.start, datum.end));
        return placeholder;
      }),
    );
    const { key } = this.options;
    if (key === null) return changed;
    const before = row.fields[SEALED_FIELD];
    const earlier = typeof before === "string" ? (openData(before, key) ?? []) : [];
    const sealed = sealData(new Map([...masked, ...earlier]), key);
    return { ...changed, fields: { ...changed.fields, [SEALED_FIELD]: sealed } };
  }

  #find(text: string): PersonalDatum[] {
    const found = this.#allow(text);
    if (this.counting) for (const { kind } of found) this.counts[kind] += 1;
    return found;
  }

  #allow(text: string): PersonalDatum[] {
    const found = findPersonalData(text);
    if (this.#allowed.size === 0) return found;
    return found.filter(
      ({ start, end, value }) =>
        !this.#allowed.has(plainValue(text.slice(start, end))) && !this.#allowed.has(plainValue(value)),
    );
  }

  /** The placeholders of a row's dialogue; its own where it names none. */
  #placeholders(row: Row): Placeholders {
    const key = DIALOGUE_FIELDS.map((field) => fieldText(row, field)).find((name) => name !== "");
    if (key === undefined) return new Placeholders();
    const placeholders = this.#dialogues.get(key) ?? new Placeholders();
    this.#dialogues.delete(key);
    this.#dialogues.set(key, placeholders);
    if (this.#dialogues.size > MOST_DIALOGUES) {
      const [oldest] = this.#dialogues.keys();
      this.#dialogues.delete(oldest);
    }
    return placeholders;
  }
}

/** The language of placeholders in a text: Chinese but where its words are mostly those of another script. */
function languageOf(text: string): PlaceholderLanguage {
  return isMostlyHan(text) || scriptShare(text, ["zh"]) === null ? "zh" : "en";
}

function replace(
  text: string,
  found: readonly PersonalDatum[],
  placeholder: (datum: PersonalDatum) => string,
): string {
  if (found.length === 0) return text;
  let replaced = "";
  let at = 0;
  for (const datum of found) {
    replaced += text.slice(at, datum.start) + placeholder(datum);
    at = datum.end;
  }
  return replaced + text.slice(at);
}

/** The row with a change made to its texts and to the arguments of its calls of tools. */
export function changeTexts(row: Row, change: (text: string) => string): Row {
  const changed = mapRowTexts(row, (text, speaker) =>
    speaker === "tool" ? changeJson(text, change) : change(text),
  );
  if (changed.kind !== "messages") return changed;
  const messages = changed.messages.map((message) => changeCalls(message, change));
  return messages.every((message, index) => message === changed.messages[index])
    ? changed
    : { ...changed, messages };
}

function changeCalls(message: ChatMessage, change: (text: string) => string): ChatMessage {
  const calls = CALL_KEYS.filter((key) => message[key] != null).map((key) => {
    const after = mapTexts(message[key], (text) => changeJson(text, change));
    return after === message[key] ? null : ([key, after] as const);
  });
  const changed = calls.filter((call) => call !== null);
  return changed.length === 0 ? message : { ...message, ...Object.fromEntries(changed) };
}

/** What is JSON text stays JSON: a number that gives way to a placeholder becomes a text. */
function changeJson(text: string, change: (text: string) => string): string {
  if (!/^\s*[[{]/.test(text)) return change(text);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return change(text);
  }
  const changed = mapTexts(value, change);
  return changed === value ? text : JSON.stringify(changed);
}

/** A value with a change made to every text in it and, where that changes them, to numbers; the very same value when nothing changes. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (typeof value === "number") {
    const text = change(String(value));
    return text === String(value) ? value : text;
  }
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    const changed = items.map((item) => mapTexts(item, change));
    return changed.every((item, index) => Object.is(item, items[index])) ? value : changed;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const changed = entries.map(([key, child]) => [key, mapTexts(child, change)] as const);
  return changed.every(([, child], index) => Object.is(child, entries[index][1]))
    ? value
    : Object.fromEntries(changed);
}
