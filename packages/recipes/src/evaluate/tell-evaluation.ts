import { type Phrase, phrase, type Told } from "@lathe/files";
import type { Contamination } from "./find-contamination.js";
import type { SystemsEvaluation } from "./systems-evaluation.js";
import { differenceHead, pText, rounded, spanOf, tellComparison } from "./tell-comparison.js";

const known = (value: number | null | undefined): string => (value == null ? "–" : rounded(value));

function contaminationSentence({ rows, folder }: Contamination): Phrase {
  if (rows === 0) return phrase`no row of the test set is among what is learnt from in ${folder}`;
  const counted = rows === 1 ? phrase`${1} row` : phrase`${rows} rows`;
  return phrase`${counted} of the test set are, or nearly are, among what is learnt from in ${folder}: their scores say little`;
}

/** What systems make of rows, as people read it: tables of perplexity, pace and scores, and what else is worth a word. */
export function tellEvaluation({
  rows,
  systems,
  perplexities,
  scores,
  judge,
  contamination,
}: SystemsEvaluation): Told {
  const hasProbe = systems.some(({ probe }) => probe !== null);
  const hasPace = systems.some(({ pace }) => pace !== null);
  const hasText = systems.some(({ data }) => data.bytePerplexity !== null);
  const several = systems.length > 1;
  const losses = {
    head: [
      ...(several ? [phrase`system`] : []),
      ...[phrase`rows`, phrase`labels`, phrase`loss`, phrase`perplexity`],
      ...(hasText ? [phrase`by byte`, phrase`by character`] : []),
      ...(hasProbe ? [phrase`probe perplexity`] : []),
      ...(hasPace ? [phrase`tokens/s`, phrase`first token s`] : []),
    ],
    rows: systems.map(({ name, data, probe, pace }) => [
      ...(several ? [name] : []),
      ...[rows, data.tokens, data.loss, data.perplexity],
      ...(hasText ? [known(data.bytePerplexity), known(data.characterPerplexity)] : []),
      ...(hasProbe ? [known(probe?.perplexity)] : []),
      ...(hasPace ? [known(pace?.tokensPerSecond), known(pace?.firstTokenSeconds)] : []),
    ]),
  };
  const differences = {
    head: differenceHead,
    rows: perplexities.map(({ rows: of, systems: [first, second], difference, interval, pValue }) => [
      of === "data" ? phrase`perplexity` : phrase`probe perplexity`,
      `${second} − ${first}`,
      `${rounded(difference)} ${spanOf(interval)}`,
      pText(pValue),
    ]),
  };
  return [
    losses,
    ...(perplexities.length > 0 ? [differences] : []),
    ...(scores ? tellComparison({ ...scores, judge }) : []),
    ...contamination.map(contaminationSentence),
  ];
}
