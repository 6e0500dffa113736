import { type Phrase, sayPhrase, type Translations } from "@lathe/files";
import type { Excluded, Trial } from "./trial.js";

/** The parts of what a search came to that have sentences in them. */
export interface TuningSentences {
  readonly why: readonly Phrase[];
  readonly trials: readonly Trial[];
  readonly excluded: readonly Excluded[];
}

/** What a search came to, as data for scripts: its sentences are texts. */
export type SaidTuning<Summary> = Omit<Summary, keyof TuningSentences> & {
  readonly why: readonly string[];
  readonly trials: readonly (Omit<Trial, "fault"> & { readonly fault: string | null })[];
  readonly excluded: readonly (Omit<Excluded, "reason"> & { readonly reason: string })[];
};

/** Says the sentences of what a search came to. @param translations of the language to say them in; English without */
export function sayTuning<Summary extends TuningSentences>(
  summary: Summary,
  translations?: Translations,
): SaidTuning<Summary> {
  const said = (sentence: Phrase): string => sayPhrase(sentence, translations);
  return {
    ...summary,
    why: summary.why.map(said),
    trials: summary.trials.map(({ fault, ...trial }) => ({ ...trial, fault: fault && said(fault) })),
    excluded: summary.excluded.map(({ reason, ...one }) => ({ ...one, reason: said(reason) })),
  };
}
