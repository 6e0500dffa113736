import type { Readable, Writable } from "node:stream";

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** A stream to read from that may be a terminal. */
export type InputStream = Readable & { readonly isTTY?: boolean };

/** What a command reads from and writes to: those of the process, or a test's. */
export interface Io {
  readonly stdin: InputStream;
  /** Results: text for people or, with `--json`, one JSON object. */
  readonly stdout: OutputStream;
  /** Everything said on the way. */
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}
