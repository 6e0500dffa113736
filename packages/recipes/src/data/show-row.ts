import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  conversationOf,
  type EncodedPiece,
  encodeRow,
  type EncodeRowOptions,
  parseRow,
  type Row,
  type RowPlace,
  rowColumns,
  type RowColumns,
  rowWeight,
  type SplitName,
  TokenDataset,
  UNSCORED,
} from "@lathe/data";
import { FileError, phrase } from "@lathe/files";
import { folderOf, type ModelInput } from "../model/open-model.js";
import { requireTokenizer } from "../model/prompt-ids.js";
import type { RecipeHooks } from "../recipe-event.js";
import { isTokenFile, recordsOf } from "../rows/rows-input.js";
import { withPlace } from "../rows/with-place.js";
import { shownRow } from "./shown-row.js";

/** Which row {@link showRow} shows, and how it is encoded. */
export interface ShowRowOptions extends RecipeHooks {
  /** File of rows or of tokens, or a folder that prepare wrote. */
  readonly data: string;
  /** Split of a prepared folder. @defaultValue "train" */
  readonly split?: SplitName | undefined;
  /** Number of the row, from 1, as messages count lines. @defaultValue 1 */
  readonly row?: number | undefined;
  /** Model whose tokenizer and chat template encode the row; without it only ids of token files are shown. */
  readonly model?: ModelInput | undefined;
  /** What of the row is learnt: all replies with their reasoning unless it says otherwise. */
  readonly learnt?: Partial<EncodeRowOptions> | undefined;
}

/** A token as a model is trained on it. */
export interface RowToken {
  readonly id: number;
  /** Null without a model. */
  readonly text: string | null;
  /** Who says it; null without a model. */
  readonly role: string | null;
  readonly isLearnt: boolean;
}

/** A row as it is read and as a model is trained on it. */
export interface RowShown {
  /** File and line. */
  readonly place: string;
  /** What its keys are taken for; null for a row of a token file. */
  readonly columns: RowColumns | null;
  /** Factor on the losses of its labels. */
  readonly weight: number;
  /** What the chat template writes and what replies say, in order; empty for rows that came as tokens. */
  readonly pieces: readonly EncodedPiece[];
  /** Replies that are not learnt because the chat template rewrites them once other turns follow. */
  readonly unlabelledTurns: number;
  readonly tokens: readonly RowToken[];
}

/**
 * Shows a row token by token: what the template writes, what is learnt, what is not. Nothing is cut.
 * @throws FileError where there is no such row; RowError as encoding it does
 */
export async function showRow(options: ShowRowOptions): Promise<RowShown> {
  const { data, split = "train", row: number = 1, model, learnt, onEvent } = options;
  const folder = model === undefined ? null : await folderOf(model, onEvent);
  const tokenizer = folder && requireTokenizer(folder, "model");
  const file = await fileOf(data, split, folder !== null);
  const texts = (row: Row, inputIds: Int32Array, labels: Int32Array): RowToken[] => {
    if (!tokenizer) {
      return Array.from(inputIds, (id, at) => ({
        id,
        text: null,
        role: null,
        isLearnt: at > 0 && labels[at] !== UNSCORED,
      }));
    }
    const none = { before: null, after: null };
    const { tokens } = shownRow("", row, { inputIds, labels }, tokenizer, none);
    return tokens.map(({ id, text, role, isLearnt }) => ({ id, text, role, isLearnt }));
  };
  if (isTokenFile(file)) {
    const dataset = await TokenDataset.open(file);
    if (number > dataset.length) throw noSuchRow(file, number, dataset.length);
    const { inputIds, labels, weight = 1 } = dataset.row(number - 1);
    const row: Row = { kind: "tokens", inputIds: [...inputIds], labels: [...labels], fields: {} };
    const tokens = texts(row, inputIds, labels);
    return { place: `${file}:${number}`, columns: null, weight, pieces: [], unlabelledTurns: 0, tokens };
  }
  let count = 0;
  for await (const record of recordsOf(file, "data", "training")) {
    if (++count < number) continue;
    const at = { file: record.file, line: record.line };
    const place = `${at.file}:${at.line}`;
    if ("error" in record) throw new FileError(place, record.error);
    const row = parseRow(record.value, at);
    const columns = rowColumns(record.value);
    const weight = rowWeight(row);
    if (!tokenizer && row.kind !== "tokens") {
      return { place, columns, weight, pieces: plainPieces(row), unlabelledTurns: 0, tokens: [] };
    }
    const { lossOn = "all", reasoning = "keep" } = learnt ?? {};
    const { inputIds, labels, pieces, unlabelledTurns } = encodedAt(at, row, tokenizer, {
      lossOn,
      reasoning,
    });
    const tokens = texts(row, Int32Array.from(inputIds), Int32Array.from(labels));
    return { place, columns, weight, pieces, unlabelledTurns, tokens };
  }
  throw noSuchRow(file, number, count);
}

/** What encoding a row gives. @throws RowError with the row's place */
function encodedAt(place: RowPlace, ...encoding: Parameters<typeof encodeRow>): ReturnType<typeof encodeRow> {
  try {
    return encodeRow(...encoding);
  } catch (error) {
    throw withPlace(error, place);
  }
}

/** The turns of a dialogue, where there is no template to say what stands between them. */
function plainPieces(row: Row): EncodedPiece[] {
  const messages = conversationOf(row)?.messages ?? [];
  return messages.map(({ role, content }) => {
    const reply = role === "assistant";
    return { text: content ?? "", reply, scored: reply, start: 0, end: 0 };
  });
}

/** Of a prepared folder the rows that a model encodes, or its tokens where none is given. */
async function fileOf(data: string, split: SplitName, hasModel: boolean): Promise<string> {
  if (!(await isFolder(data))) return data;
  const tokens = join(data, `${split}.arrow`);
  return !hasModel && (await isThere(tokens)) ? tokens : join(data, `${split}.jsonl`);
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const noSuchRow = (file: string, number: number, count: number): FileError =>
  new FileError(file, phrase`has ${count} rows, and row ${number} is asked for`);
