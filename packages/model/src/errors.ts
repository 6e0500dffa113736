import { ExpectationError, type Phrase, phrase, sayPhrase } from "@lathe/files";

/** Where stored weights are at fault, what was expected there and what was found. */
export interface WeightsFault {
  /** File or folder at fault. */
  path: string;
  /** Name of the tensor at fault, when it is one. */
  tensor?: string;
  expected: string | Phrase;
  actual: string | Phrase;
  /** What the user can do, as the rest of a sentence. */
  remedy?: string | Phrase;
  cause?: unknown;
}

/** Weight files that are missing, malformed, or not the ones the model's config describes. */
export class WeightsError extends ExpectationError {
  override readonly name = "WeightsError";
  readonly path: string;
  readonly tensor: string | null;
  readonly actual: string;

  constructor(fault: WeightsFault) {
    const { path, tensor, expected, actual, remedy, cause } = fault;
    const place = tensor === undefined ? path : phrase`${path}, tensor ${quote(tensor)}`;
    super(place, expected, actual, remedy, { cause });
    this.path = path;
    this.tensor = tensor ?? null;
    this.actual = sayPhrase(actual);
  }
}

/** Which key of a config file is at fault, what was expected there and what was found. */
export interface ModelConfigFault {
  /** File at fault. */
  path: string;
  /** Key at fault, with dots between levels, when it is one. */
  key?: string;
  expected: string | Phrase;
  actual: string | Phrase;
  /** What the user can do, as the rest of a sentence. */
  remedy?: string | Phrase;
  cause?: unknown;
}

/** A config.json or generation_config.json that is missing, malformed, contradictory, or of an unsupported model. */
export class ModelConfigError extends ExpectationError {
  override readonly name = "ModelConfigError";
  readonly path: string;
  readonly key: string | null;
  readonly actual: string;

  constructor(fault: ModelConfigFault) {
    const { path, key, expected, actual, remedy, cause } = fault;
    const place = key === undefined ? path : phrase`${path}, key ${quote(key)}`;
    super(place, expected, actual, remedy, { cause });
    this.path = path;
    this.key = key ?? null;
    this.actual = sayPhrase(actual);
  }
}

/** Where a tokenizer or chat template is at fault, what was expected there and what was found. */
export interface TokenizerFault {
  /** File at fault. */
  path: string;
  expected: string | Phrase;
  actual: string | Phrase;
  /** What the user can do, as the rest of a sentence. */
  remedy?: string | Phrase;
  cause?: unknown;
}

/** Tokenizer files or a chat template that are malformed, fail, or do not fit the model. */
export class TokenizerError extends ExpectationError {
  override readonly name = "TokenizerError";
  readonly path: string;
  readonly actual: string;

  constructor(fault: TokenizerFault) {
    const { path, expected, actual, remedy, cause } = fault;
    super(path, expected, actual, remedy, { cause });
    this.path = path;
    this.actual = sayPhrase(actual);
  }
}

// Text from a file may be of any length and hold anything; a message shows the start of it, escaped.
const SHOWN_CHARACTERS = 80;

/** A value from a file as a message shows it: JSON, cut to a readable length. */
export function quote(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
