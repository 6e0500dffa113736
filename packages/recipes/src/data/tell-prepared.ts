import type { PersonalDataAction, PersonalDataKind } from "@lathe/data";
import { type Cell, type Phrase, phrase, type Told } from "@lathe/files";
import type { PreparedRows } from "../prepare-rows.js";

/** What was done with personal data, as the heading of what was found. */
const actionNames: Readonly<Record<PersonalDataAction, Phrase>> = {
  mask: phrase`personal data masked`,
  drop: phrase`personal data, its rows set aside`,
  report: phrase`personal data found`,
  keep: phrase`personal data not looked for`,
};

/** Kinds of personal data, as people call them. */
export const kindNames: Readonly<Record<PersonalDataKind, Phrase>> = {
  phone: phrase`phone numbers`,
  "identity-card": phrase`identity card numbers`,
  "bank-card": phrase`bank card numbers`,
  passport: phrase`passport numbers`,
  email: phrase`e-mail addresses`,
  wechat: phrase`WeChat names`,
  qq: phrase`QQ numbers`,
  plate: phrase`licence plates`,
  "credit-code": phrase`unified social credit codes`,
  "order-number": phrase`order and tracking numbers`,
  address: phrase`home addresses`,
  name: phrase`names of people`,
  ip: phrase`IP addresses`,
  location: phrase`places on the globe`,
  ssn: phrase`social security numbers`,
  iban: phrase`international account numbers`,
};

const SHOWN_UNUSABLE = 5;
const SHOWN_CONTRADICTIONS = 5;
const oneLine = (text: string): string => text.replaceAll(/\s+/gu, " ");
const atLeastOne = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).filter(([, count]) => count > 0);

/** What became of rows that were prepared, as people read it. @param action with personal data */
export function tellPrepared(prepared: PreparedRows, action: PersonalDataAction): Told {
  const { read, kept, rejected, rules, personalData, clusters, splits, tokens, output } = prepared;
  const applied = atLeastOne(rules);
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
    personalDataTable(personalData, action),
    ...unusableLines(prepared),
    ...(tokens ? tokenTables(tokens) : []),
    ...contradictionLines(prepared),
    output,
  ];
}

function personalDataTable(found: PreparedRows["personalData"], action: PersonalDataAction): Told[number] {
  if (action === "keep") return { lines: [actionNames.keep] };
  const rows = atLeastOne(found).map(([kind, count]) => [kindNames[kind as PersonalDataKind], count]);
  return { head: [actionNames[action], ""], rows: rows.length > 0 ? rows : [[phrase`all`, 0]] };
}

/** Rules by which rows are set aside that are none. */
const UNUSABLE = ["malformed", "invalid", "unscored"];

/** Rows that were set aside because they are none, with the first of them: nobody asked for that, as for cleaning. */
function unusableLines({ rules, examples }: PreparedRows): Told {
  const count = UNUSABLE.reduce((sum, rule) => sum + (rules[rule] ?? 0), 0);
  if (count === 0) return [];
  const first = UNUSABLE.flatMap((rule) => examples[rule] ?? []);
  const head =
    count === 1
      ? phrase`${1} row cannot be used and is set aside; rejected.jsonl says why:`
      : phrase`${count} rows cannot be used and are set aside; rejected.jsonl says why. Among them:`;
  const shown = first
    .slice(0, SHOWN_UNUSABLE)
    .map(({ file, line, before }) => `  ${file}:${line}  ${oneLine(before)}`);
  return [{ lines: [head, ...shown] }];
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
