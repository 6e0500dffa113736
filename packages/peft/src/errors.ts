import { ExpectationError, type Phrase, phrase, sayPhrase, SpokenError } from "@lathe/files";

/** An option of a {@link LoraConfig} that is unknown, out of range, contradicts another or fits nothing in the model. */
export class LoraConfigError extends ExpectationError {
  override readonly name = "LoraConfigError";
  readonly actual: string;

  constructor(
    /** The key at fault. */
    readonly key: string,
    expected: string | Phrase,
    actual: string | Phrase,
  ) {
    super(phrase`LoRA config, key ${quote(key)}`, expected, actual);
    this.actual = sayPhrase(actual);
  }
}

/** Where an adapter folder is at fault, what was expected there and what was found. */
export interface AdapterFileFault {
  /** File or folder at fault. */
  readonly path: string;
  /** Key of adapter_config.json at fault, when it is one. */
  readonly key?: string;
  /** Name of the tensor at fault, when it is one. */
  readonly tensor?: string;
  readonly expected: string | Phrase;
  readonly actual: string | Phrase;
  /** What the user can do, as the rest of a sentence. */
  readonly remedy?: string | Phrase;
  readonly cause?: unknown;
}

/** Adapter files that are missing, malformed, of another model, or that ask for what Lathe does not do. */
export class AdapterFileError extends ExpectationError {
  override readonly name = "AdapterFileError";
  readonly path: string;
  readonly key: string | null;
  readonly tensor: string | null;
  readonly actual: string;

  constructor(fault: AdapterFileFault) {
    const { path, key, tensor, expected, actual, remedy } = fault;
    const place =
      key !== undefined
        ? phrase`${path}, key ${quote(key)}`
        : tensor !== undefined
          ? phrase`${path}, tensor ${quote(tensor)}`
          : path;
    super(place, expected, actual, remedy, { cause: fault.cause });
    this.path = path;
    this.key = key ?? null;
    this.tensor = tensor ?? null;
    this.actual = sayPhrase(actual);
  }
}

/** A call that does not fit the adapters a model has: an unknown or taken name, or training while merged. */
export class AdapterStateError extends SpokenError {
  override readonly name = "AdapterStateError";

  constructor(
    /** Name of the adapter the call was about, when it was about one. */
    readonly adapter: string | null,
    sentence: string | Phrase,
  ) {
    super(sentence);
  }
}

// Text from a file may be of any length and hold anything; a message shows the start of it, escaped.
const SHOWN_CHARACTERS = 80;

/** A value as a message shows it: JSON, cut to a readable length. */
export function quote(value: unknown): string {
  const text = value === undefined ? "nothing" : shown(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

function shown(value: unknown): string {
  // JSON has no NaN and no infinities.
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}
