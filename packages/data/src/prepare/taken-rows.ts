import type { Phrase } from "@lathe/files";
import type { RowPlace } from "../read/row-place.js";
import type { Row } from "../rows/row.js";
import type { RowTokens } from "../tokenize/row-tokens.js";
import type { RowEncoder } from "./row-encoder.js";

/** Why a row is set aside. */
export interface RejectedOutcome {
  readonly rule: string;
  readonly reason: string | Phrase;
}

/** A record that was read and cleaned. */
export interface TakenRow {
  readonly place: RowPlace;
  /** As it was read. */
  readonly source: unknown;
  /** The row and its line of JSON, or why there is none. */
  readonly outcome: RejectedOutcome | { readonly row: Row; readonly line: string };
}

/** Rows that are sent to be tokenised at once. */
const BATCH_ROWS = 32;
/** Characters of rows, beyond which a batch is not added to. */
const BATCH_CHARACTERS = 2 ** 18;
/** Batches that are under way: more of them grow old before they are settled, and are then collected with all of the heap only. */
const MOST_BATCHES = 3;
/** Characters of a row that is tokenised alone, with nothing else under way. */
const LARGE_CHARACTERS = 2 ** 22;

interface Batch {
  readonly rows: readonly TakenRow[];
  readonly tokens: () => Promise<readonly RowTokens[]>;
}

/** Rows on their way to be tokenised: what became of them is told in their order, whichever thread was faster. */
export class TakenRows {
  readonly #underWay: Batch[] = [];
  #rows: TakenRow[] = [];
  #characters = 0;

  /**
   * @param encoder null where rows are not tokenised
   * @param settle hears of every row in order, with its tokens where it was sent for them
   */
  constructor(
    readonly encoder: RowEncoder | null,
    readonly settle: (row: TakenRow, tokens: RowTokens | null) => Promise<void>,
  ) {}

  /** Takes the next row. */
  async add(row: TakenRow): Promise<void> {
    if (this.encoder === null) return this.settle(row, null);
    this.#rows.push(row);
    if ("line" in row.outcome) this.#characters += row.outcome.line.length;
    const isFull = this.#rows.length >= BATCH_ROWS || this.#characters >= BATCH_CHARACTERS;
    if (isFull || !this.encoder.hasThreads) await this.#send(this.encoder);
  }

  /** Waits for the tokens of all rows. */
  async finish(): Promise<void> {
    if (this.encoder !== null && this.#rows.length > 0) await this.#send(this.encoder);
    await this.#settleAllBut(0);
  }

  async #send(encoder: RowEncoder): Promise<void> {
    const isLarge = this.#characters >= LARGE_CHARACTERS;
    if (isLarge || !encoder.hasThreads) await this.#settleAllBut(0);
    const rows = this.#rows;
    this.#rows = [];
    this.#characters = 0;
    const sent = rows.flatMap(({ outcome }) => ("row" in outcome ? [outcome.row] : []));
    const tokens = await encoder.encode(sent, isLarge);
    this.#underWay.push({ rows, tokens });
    await this.#settleAllBut(isLarge || !encoder.hasThreads ? 0 : MOST_BATCHES - 1);
  }

  async #settleAllBut(most: number): Promise<void> {
    while (this.#underWay.length > most) {
      const { rows, tokens } = this.#underWay.shift()!;
      const made = await tokens();
      let at = 0;
      for (const row of rows) await this.settle(row, "row" in row.outcome ? made[at++] : null);
    }
  }
}
