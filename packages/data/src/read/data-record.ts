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

/** How input files are read. */
export interface ReadOptions {
  /** Longest line (JSONL) or record (CSV) in bytes; a longer one is reported and passed over. @defaultValue 32 MiB */
  readonly maximumLineBytes?: number;
  /** Called now and then with the bytes consumed since the last call. */
  readonly onBytes?: (bytes: number) => void;
}
