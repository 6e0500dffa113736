import { ROW_RULES, TEXT_RULES } from "./cleaning-rules.js";
import {
  CLEANING_RULES,
  resolveCleaningOptions,
  type CleaningOptions,
  type CleaningRuleName,
  type ResolvedCleaningOptions,
} from "./cleaning-options.js";
import { DigestIndex } from "../rows/digest-index.js";
import { rowDigest } from "../rows/row-digest.js";
import type { RowPlace } from "../read/row-place.js";
import { mapRowTexts, rowTexts } from "../rows/row-texts.js";
import type { Row } from "../rows/row.js";

/** An example of what a rule did: a changed text before and after, or the text of a rejected row. */
export interface CleaningExample extends RowPlace {
  readonly before: string;
  /** Absent when the row was rejected. */
  readonly after?: string;
  /** Why the row was rejected. */
  readonly reason?: string;
}

/** What the rules did: for each the rows changed or rejected, and some of them. */
export interface CleaningReport {
  readonly counts: Readonly<Record<CleaningRuleName, number>>;
  readonly examples: Readonly<Record<CleaningRuleName, readonly CleaningExample[]>>;
}

/** The outcome for one row. */
export type CleaningOutcome =
  { readonly row: Row } | { readonly rule: CleaningRuleName; readonly reason: string };

const EXAMPLE_CHARACTERS = 200; // of a text shown in the report

/**
 * Runs the cleaning rules over rows one at a time. It remembers the digests of the rows it kept, to find
 * duplicates, and counts and examples for the report.
 */
export class RowCleaner {
  readonly options: ResolvedCleaningOptions;
  readonly #kept = new DigestIndex();
  readonly #counts = perRule(() => 0);
  readonly #examples = perRule((): CleaningExample[] => []);

  /** @throws OptionError when an option has a value it cannot have */
  constructor(options: CleaningOptions = {}) {
    this.options = resolveCleaningOptions(options);
  }

  /** Cleans a row, or says which rule rejects it and why. Cleaning a cleaned row again changes nothing. */
  clean(row: Row, place: RowPlace): CleaningOutcome {
    let current = row;
    for (const rule of TEXT_RULES) {
      if (this.#skips(rule.name) || rule.except.includes(row.kind)) continue;
      let example: { before: string; after: string } | undefined;
      const changed = mapRowTexts(current, (before) => {
        const after = rule.apply(before);
        if (after !== before) example ??= { before, after };
        return after;
      });
      if (example !== undefined) this.#note(rule.name, () => ({ ...place, ...excerpts(example) }));
      current = changed;
    }
    for (const rule of ROW_RULES) {
      const reason = this.#skips(rule.name) ? undefined : rule.check(current, this.options);
      if (reason !== undefined) return this.#reject(rule.name, reason, current, place);
    }
    if (!this.#skips("duplicate")) {
      const distinct = this.#kept.size;
      if (this.#kept.add(rowDigest(current)) !== distinct) {
        return this.#reject("duplicate", "the same row came before", current, place);
      }
    }
    return { row: current };
  }

  /** Counts and examples so far. */
  report(): CleaningReport {
    return {
      counts: { ...this.#counts },
      examples: Object.fromEntries(
        CLEANING_RULES.map((name) => [name, [...this.#examples[name]]]),
      ) as unknown as CleaningReport["examples"],
    };
  }

  #skips(name: CleaningRuleName): boolean {
    return this.options.disable.includes(name);
  }

  #reject(rule: CleaningRuleName, reason: string, row: Row, place: RowPlace): CleaningOutcome {
    this.#note(rule, () => ({ ...place, before: excerpt(shownText(row)), reason }));
    return { rule, reason };
  }

  #note(name: CleaningRuleName, example: () => CleaningExample): void {
    this.#counts[name] += 1;
    if (this.#examples[name].length < this.options.examplesPerRule) this.#examples[name].push(example());
  }
}

function perRule<Value>(value: () => Value): Record<CleaningRuleName, Value> {
  return Object.fromEntries(CLEANING_RULES.map((name) => [name, value()])) as Record<CleaningRuleName, Value>;
}

function shownText(row: Row): string {
  if (row.kind === "tokens") return row.inputIds.slice(0, EXAMPLE_CHARACTERS).join(" ");
  const { inputs, outputs } = rowTexts(row);
  return [...inputs, ...outputs].join("\n");
}

/** Cuts both texts so that the first difference is in sight. */
function excerpts(texts: { before: string; after: string } | undefined): { before: string; after: string } {
  const { before, after } = texts ?? { before: "", after: "" };
  let same = 0;
  while (same < after.length && before[same] === after[same]) same += 1;
  const start = Math.max(0, same - EXAMPLE_CHARACTERS / 4);
  return { before: excerpt(before, start), after: excerpt(after, start) };
}

function excerpt(text: string, start = 0): string {
  const end = start + EXAMPLE_CHARACTERS;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}
