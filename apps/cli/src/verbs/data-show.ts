import { styleText } from "node:util";
import { flagOfField, formatTable, option } from "@lathe/command";
import { sayPhrase } from "@lathe/files";
import { SPLITS } from "@lathe/data";
import {
  columnsSentence,
  namingFieldsIn,
  type RowShown,
  type RowToken,
  showRow,
  type ShowRowOptions,
} from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { hostEngineOptions } from "../options/engine-options.js";
import { lossOnOption, reasoningOption } from "../options/learnt-options.js";
import { modelPath } from "../options/path-details.js";

const options = z.object({
  data: option(z.string().min(1), "file of rows or tokens, or folder that lathe prepare wrote", {
    placeholder: "path",
  }),
  row: option(z.int().min(1).default(1), "number of the row, from 1"),
  split: option(z.enum(SPLITS).default("train"), "split of a folder"),
  model: option(
    z.string().min(1).optional(),
    "model whose tokenizer and chat template encode the row",
    modelPath,
  ),
  lossOn: lossOnOption("learnt.lossOn"),
  reasoning: reasoningOption("learnt.reasoning"),
  ...hostEngineOptions,
});

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

function describe(
  { place, columns, weight, pieces, tokens, unlabelledTurns }: RowShown,
  messages: Messages,
  paint: Paint,
): string {
  const { words } = messages;
  const learnt = tokens.filter(({ isLearnt }) => isLearnt).length;
  const head =
    columns === null
      ? place
      : sayPhrase(
          namingFieldsIn(columnsSentence({ ...columns, source: place, isKept: true }), flagOfField),
          messages.phrases,
        );
  const counts = formatTable([words.tokens, words.scored, words.weight], [[tokens.length, learnt, weight]]);
  const parts = pieces.map(({ text, scored, reply }) => paint(visible(text), scored, reply)).join("");
  const line = tokens.map((token) => tokenLine(token, paint)).join("|");
  const lost = unlabelledTurns === 0 ? [] : [messages.turnsRewritten(unlabelledTurns)];
  return [head, counts, ...lost, parts, line].filter((part) => part !== "").join("\n\n");
}

export const verb = defineVerb({
  description:
    "Shows a row as a model is trained on it: what the chat template writes, the replies, and every token. What is learnt is green on a terminal and in brackets elsewhere.",
  examples: [
    "lathe data show rows.jsonl --row 3 --model models/base",
    "lathe data show prepared --split test --row 1 --model models/base --json",
  ],
  options,
  positional: "data",
  async run(_values, { io, messages, recipeOptions }) {
    const shown = await showRow(recipeOptions<ShowRowOptions>());
    const paint = io.stdout.isTTY === true ? coloured : plain;
    return { json: { ...shown }, text: describe(shown, messages, paint) };
  },
});
