import type { Phrase } from "@lathe/files";
import type { RowPlace } from "./row-place.js";

/** One record of an input file, before it is known to be a row. */
export type DataRecord =
  | (RowPlace & { readonly value: unknown })
  | (RowPlace & {
      /** Why the record could not be read. */
      readonly error: string | Phrase;
      /** The raw text of the record; of over-long lines only the beginning. */
      readonly text: string;
    });

/** Bytes of the longest record that is read unless a caller says otherwise; without a limit a file without line ends would be pulled into memory whole. */
export const MAXIMUM_RECORD_BYTES = 128 * 1024 * 1024;

/** How input files are read. */
export interface ReadOptions {
  /** Longest line (JSONL, text) or record (CSV, JSON) in bytes; a longer one is reported and passed over. @defaultValue {@link MAXIMUM_RECORD_BYTES} */
  readonly maximumLineBytes?: number;
  /** Called now and then with the bytes consumed since the last call. */
  readonly onBytes?: (bytes: number) => void;
}
