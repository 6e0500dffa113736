import { ExpectationError, expectationPhrase, type Phrase, phrase, sayPhrase } from "@lathe/files";
import { boundedPhrase } from "../text/bounded-phrase.js";
import { boundedText } from "../text/bounded-text.js";

/**
 * Why an update is not taken:
 *
 * - `incomplete`: files of it are not there, or not whole yet.
 * - `unreadable`: what lies in place of a file is none, is larger than is read, or is shown to nobody.
 * - `manifest`: what says what it is cannot be read, or says it wrongly.
 * - `federation`, `round`, `client`, `base`, `start`: it is of another federation, round or client, or learnt beside another model or
 *   from another adapter than the round's.
 * - `config`: its adapter is shaped or scaled otherwise.
 * - `tensors`, `shape`, `dtype`, `numbers`: its tensors have other names, shapes or types, or hold numbers that are not finite.
 */
export type UpdateFault =
  | "incomplete"
  | "unreadable"
  | "manifest"
  | "federation"
  | "round"
  | "client"
  | "base"
  | "start"
  | "config"
  | "tensors"
  | "shape"
  | "dtype"
  | "numbers";

/** What is at fault, and where that lies. */
export interface UpdatePlace {
  /** Folder or mailbox, which may be a path of this machine: nobody else is told. */
  readonly within: string;
  /** File or key in it, and what of that. */
  readonly part: string;
}

/** Characters of what is at fault that are kept: a key and a tensor's name. */
const PART = 400;

/** A client's update is not taken. The round goes on without it. What came from the client is kept in its beginnings. */
export class UpdateError extends ExpectationError {
  override readonly name = "UpdateError";
  readonly actual: string;
  /** What is at fault, with the folder or mailbox that it lies in. */
  readonly place: string;
  readonly #part: string;

  constructor(
    readonly fault: UpdateFault,
    { within, part }: UpdatePlace,
    expected: string | Phrase,
    actual: string | Phrase,
    options?: ErrorOptions,
  ) {
    const kept = boundedText(part, PART);
    const place = `${within}/${kept}`;
    const came = boundedPhrase(actual);
    super(phrase`${place}`, boundedPhrase(expected), came, undefined, options);
    this.actual = sayPhrase(came);
    this.place = place;
    this.#part = kept;
  }

  /** The sentence without a path of this machine, for whoever else is told. */
  get published(): Phrase {
    return expectationPhrase(phrase`${this.#part}`, this.expectedPhrase, this.actualPhrase);
  }
}
