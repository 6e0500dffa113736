import type { PersonalDataAction } from "@lathe/data";
import { type Cell, type Phrase, phrase, type Told } from "@lathe/files";
import type { PreparedRows } from "../prepare-rows.js";

/** What was done with personal data, as the heading of what was found. */
const actionNames: Readonly<Record<PersonalDataAction, Phrase>> = {
  mask: phrase`personal data masked`,
  drop: phrase`personal data, its rows set aside`,
  report: phrase`personal data found`,
  keep: phrase`personal data not looked for`,
};

const SHOWN_CONTRADICTIONS = 5;
const oneLine = (text: string): string => text.replaceAll(/\s+/gu, " ");
const atLeastOne = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).filter(([, count]) => count > 0);

/** What became of rows that were prepared, as people read it. @param action with personal data */
export function tellPrepared(prepared: PreparedRows, action: PersonalDataAction): Told {
  const { read, kept, rejected, rules, personalData, clusters, splits, tokens, output } = prepared;
  const applied = atLeastOne(rules);
  const found = atLeastOne(personalData);
  return [
    {
      head: [phrase`rows`, ""],
      rows: [
        [phrase`read`, read],
        [phrase`kept`, kept],
        [phrase`set aside`, rejected],
        [phrase`clusters of near copies`, clusters],
        [phrase`train`, splits.train],
        [phrase`validation`, splits.validation],
        [phrase`test`, splits.test],
      ],
    },
    ...(applied.length > 0 ? [{ head: [phrase`rule`, phrase`rows`], rows: applied }] : []),
    { head: [actionNames[action], ""], rows: found.length > 0 ? found : [[phrase`all`, 0]] },
    ...(tokens ? tokenTables(tokens) : []),
    ...contradictionLines(prepared),
    output,
  ];
}

function tokenTables(tokens: NonNullable<PreparedRows["tokens"]>): Told {
  const { train, validation, test } = tokens.reasoningTurns;
  const counts: (readonly Cell[])[] = [
    [phrase`all`, tokens.tokens],
    [phrase`scored`, tokens.scoredTokens],
    [phrase`rows cut`, tokens.truncatedRows],
    ...(tokens.splitRows === 0 ? [] : [[phrase`rows split`, tokens.splitRows]]),
  ];
  const reasoning = {
    head: [phrase`replies with reasoning`, phrase`train`, phrase`validation`, phrase`test`],
    rows: [["", train, validation, test]],
  };
  return [
    { head: [phrase`tokens`, ""], rows: counts },
    ...(train + validation + test > 0 ? [reasoning] : []),
  ];
}

/** Questions that have several answers, with the first of them. */
function contradictionLines({ contradictions: { questions, rows, examples } }: PreparedRows): Told {
  if (questions === 0) return [];
  const head =
    questions === 1
      ? phrase`${1} question has several answers, in ${rows} rows:`
      : phrase`${questions} questions have several answers, in ${rows} rows:`;
  const shown = examples
    .slice(0, SHOWN_CONTRADICTIONS)
    .flatMap(({ question, answers }) => [
      oneLine(question),
      ...answers.map(({ file, line, answer }) => `  ${file}:${line}  ${oneLine(answer)}`),
    ]);
  return [{ lines: [head, ...shown] }];
}
