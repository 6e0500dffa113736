import { InputError } from "@lathe/files";

/** Where stored weights are at fault, what was expected there and what was found. */
export interface WeightsFault {
  /** File or folder at fault. */
  path: string;
  /** Name of the tensor at fault, when it is one. */
  tensor?: string;
  expected: string;
  actual: string;
  /** What the user can do, as the rest of a sentence. */
  remedy?: string;
  cause?: unknown;
}

/** Weight files that are missing, malformed, or not the ones the model's config describes. */
export class WeightsError extends InputError {
  override readonly name = "WeightsError";
  readonly path: string;
  readonly tensor: string | null;
  readonly expected: string;
  readonly actual: string;

  constructor(fault: WeightsFault) {
    super(sentence(fault.path, fault.tensor === undefined ? null : `tensor ${quote(fault.tensor)}`, fault), {
      cause: fault.cause,
    });
    this.path = fault.path;
    this.tensor = fault.tensor ?? null;
    this.expected = fault.expected;
    this.actual = fault.actual;
  }
}

/** Which key of a config file is at fault, what was expected there and what was found. */
export interface ModelConfigFault {
  /** File at fault. */
  path: string;
  /** Key at fault, with dots between levels, when it is one. */
  key?: string;
  expected: string;
  actual: string;
  /** What the user can do, as the rest of a sentence. */
  remedy?: string;
  cause?: unknown;
}

/** A config.json or generation_config.json that is missing, malformed, contradictory, or of an unsupported model. */
export class ModelConfigError extends InputError {
  override readonly name = "ModelConfigError";
  readonly path: string;
  readonly key: string | null;
  readonly expected: string;
  readonly actual: string;

  constructor(fault: ModelConfigFault) {
    super(sentence(fault.path, fault.key === undefined ? null : `key ${quote(fault.key)}`, fault), {
      cause: fault.cause,
    });
    this.path = fault.path;
    this.key = fault.key ?? null;
    this.expected = fault.expected;
    this.actual = fault.actual;
  }
}

/** Where a tokenizer or chat template is at fault, what was expected there and what was found. */
export interface TokenizerFault {
  /** File at fault. */
  path: string;
  expected: string;
  actual: string;
  /** What the user can do, as the rest of a sentence. */
  remedy?: string;
  cause?: unknown;
}

/** Tokenizer files or a chat template that are malformed, fail, or do not fit the model. */
export class TokenizerError extends InputError {
  override readonly name = "TokenizerError";
  readonly path: string;
  readonly expected: string;
  readonly actual: string;

  constructor(fault: TokenizerFault) {
    super(sentence(fault.path, null, fault), { cause: fault.cause });
    this.path = fault.path;
    this.expected = fault.expected;
    this.actual = fault.actual;
  }
}

// Text from a file may be of any length and hold anything; a message shows the start of it, escaped.
const SHOWN_CHARACTERS = 80;

/** A value from a file as a message shows it: JSON, cut to a readable length. */
export function quote(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

function sentence(
  path: string,
  place: string | null,
  fault: { expected: string; actual: string; remedy?: string },
): string {
  const where = place === null ? path : `${path}, ${place}`;
  const remedy = fault.remedy === undefined ? "" : `; ${fault.remedy}`;
  // A file can put anything into a name or a parser's complaint; the message stays one printable line.
  return `${where}: expected ${fault.expected}, got ${fault.actual}${remedy}`.replaceAll(/\p{Cc}+/gu, " ");
}
