import { DigestIndex, digest128 } from "../rows/digest-index.js";
import type { CleaningStep } from "./cleaning-step.js";
import { rowDigest } from "../rows/row-digest.js";
import { mapRowTexts } from "../rows/row-texts.js";
import type { Row } from "../rows/row.js";

/** What counts as boilerplate. */
export interface BoilerplateSettings {
  /** Fewest distinct rows that hold a sentence word for word. */
  readonly rows: number;
  /** Fewest characters of such a sentence, without blanks at its edges: "好的。" is no boilerplate, however frequent. */
  readonly characters: number;
}

/** A sentence with the mark that ends it, or a line; what is left after the last one. */
const SENTENCE = /[^。！？!?\n]*[。！？!?\n]+|[^。！？!?\n]+$/g;

/**
 * Step "boilerplate": takes out sentences that many rows hold word for word: greetings, signatures, notices of the system. They are counted in
 * a survey of all rows first. The limit is a number of rows and no share of them, so that the rows that cleaning leaves, cleaned again,
 * lose nothing more. A turn of a dialogue that says nothing else stays as it is, lest the turns no longer alternate; other rows
 * whose input or output says nothing else are rejected.
 */
export class Boilerplate implements CleaningStep {
  readonly name = "boilerplate";
  readonly repeats = true;
  readonly #sentences = new DigestIndex();
  readonly #rows: number[] = [];
  readonly #surveyed = new DigestIndex();

  constructor(readonly settings: BoilerplateSettings) {}

  readonly survey = (row: Row): void => {
    const distinct = this.#surveyed.size;
    if (this.#surveyed.add(rowDigest(row)) !== distinct) return; // the same row again says nothing of other rows
    const seen = new Set<number>();
    mapRowTexts(row, (text) => {
      for (const [sentence] of text.matchAll(SENTENCE)) {
        const digest = this.#digest(sentence);
        if (digest !== null) seen.add(this.#sentences.add(digest));
      }
      return text;
    });
    for (const number of seen) this.#rows[number] = (this.#rows[number] ?? 0) + 1;
  };

  readonly apply = (row: Row): Row | { readonly reject: string } => {
    let emptied = false;
    const cleaned = mapRowTexts(row, (text, speaker) => {
      const left = text.replace(SENTENCE, (sentence) => (this.#isBoilerplate(sentence) ? "" : sentence));
      if (left === text || left.trim() !== "") return left;
      if (speaker !== "system") emptied = true;
      return row.kind === "messages" ? text : left;
    });
    return emptied && row.kind !== "messages" ? { reject: "nothing but boilerplate is said" } : cleaned;
  };

  #digest(sentence: string): Uint32Array | null {
    const words = sentence.trim();
    return words.length < this.settings.characters ? null : digest128(words);
  }

  #isBoilerplate(sentence: string): boolean {
    const digest = this.#digest(sentence);
    const number = digest === null ? null : this.#sentences.find(digest);
    return number !== null && this.#rows[number] >= this.settings.rows;
  }
}
