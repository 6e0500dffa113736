import { formatTable } from "@lathe/command";
import type { SystemScores } from "@lathe/eval";
import type { SystemsEvaluation } from "@lathe/recipes";
import type { Messages } from "../messages/messages.js";
import { comparisonJson, comparisonText, pText, rounded, spanOf } from "./system-comparison.js";

/** Systems for scripts; what the last one comes to stands first by name. */
export function evaluationJson({
  scores,
  systems,
  judge,
  ...rest
}: SystemsEvaluation): Record<string, unknown> {
  const last = systems[systems.length - 1];
  const { loss, perplexity, tokens } = last.data;
  const scored: readonly SystemScores[] = scores?.systems ?? [];
  const ofLast = Object.entries(scored.at(-1)?.scores ?? {}).map(
    ([metric, { score }]) => [metric, score] as const,
  );
  return {
    loss,
    perplexity,
    tokens,
    ...rest,
    ...(scores ? comparisonJson({ ...scores, judge }) : {}),
    ...Object.fromEntries(ofLast),
    systems: systems.map((system, place) => ({ ...system, ...scored[place] })),
  };
}

/** Tables of perplexity, pace and scores, and what else is worth a word. */
export function evaluationText(
  { rows, systems, perplexities, scores, judge, contamination }: SystemsEvaluation,
  messages: Messages,
  output: string | undefined,
): string {
  const { words } = messages;
  const hasProbe = systems.some(({ probe }) => probe !== null);
  const hasPace = systems.some(({ pace }) => pace !== null);
  const hasText = systems.some(({ data }) => data.bytePerplexity !== null);
  const known = (value: number | null | undefined): string => (value == null ? "–" : rounded(value));
  const several = systems.length > 1;
  const head = [
    ...(several ? [words.system] : []),
    words.rows,
    words.labels,
    words.loss,
    words.perplexity,
    ...(hasText ? [words.byByte, words.byCharacter] : []),
    ...(hasProbe ? [words.probe] : []),
    ...(hasPace ? [words.tokensPerSecond, words.firstToken] : []),
  ];
  const table = formatTable(
    head,
    systems.map(({ name, data, probe, pace }) => [
      ...(several ? [name] : []),
      rows,
      data.tokens,
      data.loss,
      data.perplexity,
      ...(hasText ? [known(data.bytePerplexity), known(data.characterPerplexity)] : []),
      ...(hasProbe ? [known(probe?.perplexity)] : []),
      ...(hasPace ? [known(pace?.tokensPerSecond), known(pace?.firstTokenSeconds)] : []),
    ]),
  );
  const differences = formatTable(
    [words.metric, words.compared, words.difference, words.pValue],
    perplexities.map(({ rows: of, systems: [first, second], difference, interval, pValue }) => [
      of === "data" ? words.perplexity : words.probe,
      `${second} − ${first}`,
      `${rounded(difference)} ${spanOf(interval)}`,
      pText(pValue),
    ]),
  );
  return [
    table,
    ...(perplexities.length > 0 ? [differences] : []),
    ...(scores ? [comparisonText({ ...scores, judge }, messages)] : []),
    ...contamination.map(({ rows: count, folder }) => messages.knownRows(count, folder)),
    ...(output === undefined ? [] : [messages.reportsIn(output)]),
  ].join("\n\n");
}
