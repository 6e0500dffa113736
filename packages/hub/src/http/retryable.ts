import { type Phrase, SpokenError } from "@lathe/files";

/** A failure that may be over when it is tried again. */
export class RetryableError extends SpokenError {
  override readonly name = "RetryableError";

  /** @param afterMs how long the hub asks to wait; null where it does not say */
  constructor(
    readonly reason: Phrase,
    readonly afterMs: number | null,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date; null where it does not say. @param now in milliseconds */
export function retryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
