import { asPhrase, isSystemError, type Phrase, phrase, sayPhrase, SpokenError } from "@lathe/files";

/** How memory ran out. */
export type OutOfMemoryReason =
  /** An allocation was refused: by a limit of addresses, or where none are left. */
  | "refused"
  /** The system ended the process. */
  | "killed";

/** The process of a run ended because memory ran out. */
export class OutOfMemoryError extends SpokenError {
  override readonly name = "OutOfMemoryError";

  /** How the process ended, or what it said last. */
  readonly detail: string;

  /** @param detail how the process ended, or what it said last */
  constructor(
    readonly reason: OutOfMemoryReason,
    detail: string | Phrase,
  ) {
    super([
      phrase`memory ran out: ${asPhrase(detail)}`,
      "take smaller micro-batches, packed weights or shorter rows, as lathe plan says what each saves",
    ]);
    this.detail = sayPhrase(detail);
  }
}

/** What engines, Node and the system say where they are refused memory. */
const refusals =
  /Array buffer allocation failed|the system has no (?:\d+ bytes more|memory left)|ENOMEM|Cannot allocate memory|heap out of memory|std::bad_alloc|allocation failed/i;

/** Whether a text tells of memory that was refused. */
export const tellsOfRefusal = (text: string): boolean => refusals.test(text);

/** Why an error means that memory ran out; null where it means something else. */
export function outOfMemoryReason(error: unknown): OutOfMemoryReason | null {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof OutOfMemoryError) return one.reason;
    // The system refuses memory for opening or listing a file, too, whatever the sentence about the file says.
    if (isSystemError(one) && one.code === "ENOMEM") return "refused";
    if (tellsOfRefusal(one.message)) return "refused";
  }
  return null;
}
