import { ExpectationError, phrase, type Phrase } from "@lathe/files";

/** What of an export or import is at fault, what was expected there and what was found. */
export interface ExportFault {
  /** File or folder at fault. */
  readonly path: string;
  /** Tensor, key or other part of it at fault, when it is one. */
  readonly part?: string | undefined;
  readonly expected: string | Phrase;
  readonly actual: string | Phrase;
  /** What the user can do, as the rest of a sentence. */
  readonly remedy?: string | Phrase;
  readonly cause?: unknown;
}

/** A model, adapter or file that cannot be said in another program's files, or be read from them. */
export class ExportError extends ExpectationError {
  override readonly name = "ExportError";
  readonly path: string;
  readonly part: string | null;

  constructor({ path, part, expected, actual, remedy, cause }: ExportFault) {
    super(part === undefined ? path : phrase`${path}, ${quote(part)}`, expected, actual, remedy, { cause });
    this.path = path;
    this.part = part ?? null;
  }
}

const SHOWN_CHARACTERS = 80;

/** A text of a file as a message shows it, cut to a readable length. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
