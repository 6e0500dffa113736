import { styleText } from "node:util";
import { field, phrase, type Told } from "@lathe/files";
import { columnsSentence } from "../tell-event.js";
import type { RowShown, RowToken } from "./show-row.js";

/** A stretch of text, in colour on a terminal and in brackets elsewhere where it is learnt. */
type Paint = (text: string, isLearnt: boolean, isReply: boolean) => string;

const plain: Paint = (text, isLearnt) => (isLearnt ? `[${text}]` : text);
const coloured: Paint = (text, isLearnt, isReply) =>
  styleText(isLearnt ? "green" : isReply ? "yellow" : "dim", text, { validateStream: false });

/** Text that cannot move the cursor or change colours: rows are other people's. */
const visible = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (sign) =>
    sign === "\n" ? "⏎\n" : `\\u${sign.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );

function tokenLine({ id, text, isLearnt, role }: RowToken, paint: Paint): string {
  const shown = text === null ? String(id) : visible(text).replaceAll("\n", "");
  return paint(shown, isLearnt, role === "assistant");
}

/** Tokens that are shown of the beginning and of the end of a long row, as are characters of its text. */
const [FIRST, LAST] = [320, 80];
const CHARACTERS_A_TOKEN = 4;

/** Text that is painted as one. */
interface Stretch {
  readonly text: string;
  readonly isLearnt: boolean;
  readonly isReply: boolean;
}

/** The first and the last characters of stretches, which end and begin within one. */
function endsOf(stretches: readonly Stretch[], first: number, last: number): [Stretch[], Stretch[]] {
  const total = stretches.reduce((sum, { text }) => sum + text.length, 0);
  const part = (from: number, to: number): Stretch[] => {
    let at = 0;
    return stretches.flatMap((stretch) => {
      const [begin, end] = [at, (at += stretch.text.length)];
      if (end <= from || begin >= to) return [];
      return [{ ...stretch, text: stretch.text.slice(Math.max(0, from - begin), to - begin) }];
    });
  };
  return [part(0, first), part(total - last, total)];
}

/** How {@link tellRow} shows a row. */
export interface TellRowOptions {
  /** Whether what is learnt is green, as on a terminal; it stands in brackets otherwise. */
  readonly isColoured: boolean;
  /** Whether the middle of a long row is shown too. */
  readonly isFull: boolean;
}

/** A row as a model is trained on it, as people read it: what its keys are taken for, how much is learnt, its text, its tokens. */
export function tellRow(
  { place, columns, weight, pieces, tokens, unlabelledTurns }: RowShown,
  { isColoured, isFull }: TellRowOptions,
): Told {
  const paint = isColoured ? coloured : plain;
  const learnt = tokens.filter(({ isLearnt }) => isLearnt).length;
  const paintAll = (some: readonly Stretch[]): string =>
    some.map(({ text, isLearnt, isReply }) => paint(visible(text), isLearnt, isReply)).join("");
  const lineOf = (some: readonly RowToken[]): string =>
    some.map((token) => tokenLine(token, paint)).join("|");
  const stretches = pieces.map(({ text, scored, reply }) => ({ text, isLearnt: scored, isReply: reply }));
  const left = isFull ? 0 : tokens.length - FIRST - LAST;
  const between = phrase`… ${left} tokens between; ${field("full")} shows them …`;
  const characters = stretches.reduce((sum, { text }) => sum + text.length, 0);
  const isLong = left > 0 && characters > (FIRST + LAST) * CHARACTERS_A_TOKEN;
  const ends = endsOf(stretches, FIRST * CHARACTERS_A_TOKEN, LAST * CHARACTERS_A_TOKEN).map(paintAll);
  const whole = paintAll(stretches);
  const rewritten =
    unlabelledTurns === 1
      ? phrase`${1} reply is not learnt: the chat template writes it otherwise once other turns follow`
      : phrase`${unlabelledTurns} replies are not learnt: the chat template writes them otherwise once other turns follow`;
  return [
    columns === null ? place : columnsSentence({ ...columns, source: place, isKept: true }),
    { head: [phrase`tokens`, phrase`scored`, phrase`weight`], rows: [[tokens.length, learnt, weight]] },
    ...(unlabelledTurns === 0 ? [] : [rewritten]),
    ...(isLong ? [{ lines: [ends[0], between, ends[1]] }] : whole === "" ? [] : [whole]),
    ...(tokens.length === 0
      ? []
      : left > 0
        ? [{ lines: [lineOf(tokens.slice(0, FIRST)), between, lineOf(tokens.slice(-LAST))] }]
        : [lineOf(tokens)]),
  ];
}
