import type { CleaningStep, Rejection } from "./cleaning-step.js";
import {
  makeSteps,
  resolveCleaningOptions,
  type CleaningOptions,
  type ResolvedCleaningOptions,
} from "./cleaning-options.js";
import type { PersonalDataKind } from "../personal-data/kinds.js";
import { PERSONAL_DATA_STEP, PersonalData } from "../personal-data/personal-data.js";
import type { RowPlace } from "../read/row-place.js";
import { mapRowTexts, rowTexts } from "../rows/row-texts.js";
import type { Row } from "../rows/row.js";

/** An example of what a step did: a changed text before and after, or the text of a rejected row. */
export interface CleaningExample extends RowPlace {
  readonly before: string;
  /** Absent when the row was rejected. */
  readonly after?: string;
  /** Why the row was rejected. */
  readonly reason?: string;
}

/** What the steps did: for each, by its name, the rows changed or rejected, and some of them. */
export interface CleaningReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly examples: Readonly<Record<string, readonly CleaningExample[]>>;
  /** Personal data found, by kind; every kind 0 where none is looked for. */
  readonly personalData: Readonly<Record<PersonalDataKind, number>>;
}

/** The outcome for one row: the row, or the name of the step that rejects it and why. */
export type CleaningOutcome = { readonly row: Row } | { readonly rule: string; readonly reason: string };

const EXAMPLE_CHARACTERS = 200; // of a text shown in the report
const MOST_ROUNDS = 32; // a row that still changes then is none that anybody wrote

/**
 * Runs the steps of cleaning over rows one at a time. It remembers the digests of the rows it kept, to find duplicates, and counts
 * and examples for the report.
 */
export class RowCleaner {
  readonly options: ResolvedCleaningOptions;
  /** Names of the steps, in the order in which they run. */
  readonly steps: readonly string[];
  readonly #stages: readonly (readonly CleaningStep[])[];
  readonly #personalData: PersonalData;
  readonly #counts: Record<string, number>;
  readonly #examples: Record<string, CleaningExample[]>;

  /** @throws OptionError when an option has a value it cannot have */
  constructor(options: CleaningOptions = {}) {
    this.options = resolveCleaningOptions(options);
    const steps = makeSteps(this.options);
    this.#personalData =
      steps.find((step) => step instanceof PersonalData) ?? new PersonalData(this.options.personalData);
    this.steps = steps.map(({ name }) => name);
    this.#stages = stagesOf(steps);
    this.#counts = Object.fromEntries(this.steps.map((name) => [name, 0]));
    this.#examples = Object.fromEntries(this.steps.map((name) => [name, []]));
  }

  /** Whether a step must hear of every row through {@link survey} before the first one is cleaned. */
  get needsSurvey(): boolean {
    return this.#stages.flat().some(({ survey }) => survey !== undefined);
  }

  /** Shows a row to the steps that need to know all rows first. Nothing is counted. */
  survey(row: Row, place: RowPlace): void {
    this.#personalData.counting = false;
    const settled = this.#settleTexts(row, place);
    this.#personalData.counting = true;
    if (settled === null) return;
    for (const { survey } of this.#stages.flat()) survey?.(settled);
  }

  /** Cleans a row, or says which step rejects it and why. Cleaning a cleaned row again changes nothing. */
  clean(row: Row, place: RowPlace): CleaningOutcome {
    let current = row;
    for (const stage of this.#stages) {
      const noted = new Set<string>();
      const outcome = settle(stage, current, place, (step, before, after) => {
        // A step that changes a row in several rounds counts it once.
        if (noted.has(step)) return;
        noted.add(step);
        this.#note(step, () => ({ ...place, ...excerpts(this.#shownChange(step, before, after)) }));
      });
      if ("reject" in outcome) {
        const { step, reject } = outcome;
        this.#note(step, () => ({
          ...place,
          before: excerpt(this.#shown(shownText(outcome.row))),
          reason: reject,
        }));
        return { rule: step, reason: reject };
      }
      current = outcome;
    }
    return { row: current };
  }

  /** Counts and examples so far. */
  report(): CleaningReport {
    return {
      counts: { ...this.#counts },
      examples: Object.fromEntries(this.steps.map((name) => [name, [...this.#examples[name]]])),
      personalData: { ...this.#personalData.counts },
    };
  }

  /** A value that is set aside, as it may be written: without personal data, unless they are kept or only reported. */
  hide(value: unknown): unknown {
    return this.#personalData.hides ? this.#personalData.hideValue(value) : value;
  }

  /** The row as the steps on texts leave it, apart from those that are to be shown it; null where one rejects it. */
  #settleTexts(row: Row, place: RowPlace): Row | null {
    let current = row;
    for (const stage of this.#stages) {
      // What checks a row may remember it: rows that are rejected later are seen too.
      if (!stage[0].repeats) continue;
      const repeated = stage.filter(({ survey }) => survey === undefined);
      const outcome = settle(repeated, current, place);
      if ("reject" in outcome) return null;
      current = outcome;
    }
    return current;
  }

  #shown(text: string): string {
    return this.#personalData.hides ? this.#personalData.hide(text) : text;
  }

  #shownChange(step: string, before: Row, after: Row): { before: string; after: string } {
    const texts = changedTexts(before, after);
    // Placeholders on both sides would not show what masking did.
    const shown =
      step === PERSONAL_DATA_STEP ? this.#personalData.outline(texts.before) : this.#shown(texts.before);
    return { before: shown, after: this.#shown(texts.after) };
  }

  #note(name: string, example: () => CleaningExample): void {
    this.#counts[name] += 1;
    if (this.#examples[name].length < this.options.examplesPerStep) this.#examples[name].push(example());
  }
}

/** Steps that may be repeated together stand in one stage, every other step in one of its own. */
function stagesOf(steps: readonly CleaningStep[]): CleaningStep[][] {
  const stages: CleaningStep[][] = [];
  for (const step of steps) {
    const last = stages.at(-1);
    if (step.repeats && last?.[0].repeats === true) last.push(step);
    else stages.push([step]);
  }
  return stages;
}

type SettledRejection = Rejection & { readonly step: string; readonly row: Row };

/** Runs the steps of a stage until none of them changes the row any more. */
function settle(
  stage: readonly CleaningStep[],
  row: Row,
  place: RowPlace,
  onChange: (step: string, before: Row, after: Row) => void = () => undefined,
): Row | SettledRejection {
  let current = row;
  // What stands behind the step that changed the row last has seen it as it is.
  let end = stage.length;
  let changed: string | undefined;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    changed = undefined;
    for (let at = 0; at < (changed === undefined ? end : stage.length); at++) {
      const { name, apply, repeats } = stage[at];
      const outcome = apply(current, place);
      if ("reject" in outcome) return { ...outcome, step: name, row: current };
      if (outcome === current) continue;
      onChange(name, current, outcome);
      current = outcome;
      if (!repeats) continue;
      changed = name;
      end = at + 1;
    }
    if (changed === undefined) return current;
  }
  return {
    step: changed ?? "",
    reject: `it still changes the row after ${MOST_ROUNDS} rounds`,
    row: current,
  };
}

function shownText(row: Row): string {
  if (row.kind === "tokens") return row.inputIds.slice(0, EXAMPLE_CHARACTERS).join(" ");
  const { inputs, outputs } = rowTexts(row);
  return [...inputs, ...outputs].join("\n");
}

/** The first text that differs between two states of a row; all of what is said where texts came or went. */
function changedTexts(before: Row, after: Row): { before: string; after: string } {
  const [left, right] = [allTexts(before), allTexts(after)];
  const at = left.findIndex((text, index) => text !== right[index]);
  return left.length === right.length && at >= 0
    ? { before: left[at], after: right[at] }
    : { before: shownText(before), after: shownText(after) };
}

function allTexts(row: Row): string[] {
  const texts: string[] = [];
  mapRowTexts(row, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

/** Cuts both texts so that the first difference is in sight. */
function excerpts({ before, after }: { before: string; after: string }): { before: string; after: string } {
  let same = 0;
  while (same < after.length && before[same] === after[same]) same += 1;
  const start = Math.max(0, same - EXAMPLE_CHARACTERS / 4);
  return { before: excerpt(before, start), after: excerpt(after, start) };
}

function excerpt(text: string, start = 0): string {
  const end = start + EXAMPLE_CHARACTERS;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}
