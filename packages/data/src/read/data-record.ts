import type { RowPlace } from "./row-place.js";

/** One record of an input file, before it is known to be a row. */
export type DataRecord =
  | (RowPlace & { readonly value: unknown })
  | (RowPlace & {
      /** Why the record could not be read. */
      readonly error: string;
      /** The raw text of the record; of over-long lines only the beginning. */
      readonly text: string;
    });

/** How input files are read. */
export interface ReadOptions {
  /** Longest line (JSONL) or record (CSV) in bytes; a longer one is reported and passed over. @defaultValue {@link MAXIMUM_LINE_BYTES} */
  readonly maximumLineBytes?: number;
  /** Called now and then with the bytes consumed since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Bytes of the longest line that is read: 32 MiB holds a row of several million tokens. Without a limit one file without line ends,
 * such as a model file given by mistake, would be pulled into memory whole.
 */
export const MAXIMUM_LINE_BYTES = 32 * 1024 * 1024;
