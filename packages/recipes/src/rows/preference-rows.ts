import { tokenizeJudgement, type TokenizedJudgement, tokenizePair, type TokenizedPair } from "@lathe/data";
import { phrase } from "@lathe/files";
import type { ReadRowsOf } from "../training/training-objective.js";
import { RecipeError } from "../recipe-error.js";
import { checkIds } from "./check-vocabulary.js";
import { isRowSource, isTokenFile } from "./rows-input.js";
import { collectRows } from "./training-rows.js";

/** Makes tokens of a row. */
type Tokenize<Row> = (...of: Parameters<typeof tokenizePair>) => Row & { readonly truncated: boolean };

/** Reads pairs of completions, of which one is preferred. */
export const readPairs: ReadRowsOf<TokenizedPair> = readerOf(tokenizePair);

/** Reads completions that are judged, each by itself. */
export const readJudgements: ReadRowsOf<TokenizedJudgement> = readerOf(tokenizeJudgement);

function readerOf<Row extends object>(tokenize: Tokenize<Row>): ReadRowsOf<Row> {
  return async (input, folder, options) => {
    const { field, maxTokens } = options;
    if (isRowSource(input) || isTokenFile(input)) {
      const sentence = phrase`rows of token ids and labels have no sides to prefer: give rows of prompt, chosen and rejected, or prompt, completion and label`;
      throw new RecipeError([{ field, sentence }]);
    }
    const rows: Row[] = [];
    const take = (row: Row): void => void rows.push(row);
    const { place, ...counts } = await collectRows(input, options, take, (value, at) => {
      const row = tokenize(value, folder.tokenizer, { maxTokens, place: at });
      for (const [side, ids] of Object.entries(row) as [string, unknown][]) {
        // Rows name their sides as promptIds does, with an underscore.
        const key = side.replace("Ids", "_ids");
        if (ids instanceof Int32Array) checkIds(key, ids, folder.config.vocabularySize, at);
      }
      return [row];
    });
    const lengths = rows.map((row) =>
      (Object.values(row) as unknown[]).reduce<number>(
        (sum, ids) => sum + (ids instanceof Int32Array ? ids.length : 0),
        0,
      ),
    );
    return {
      ...counts,
      rows: {
        length: rows.length,
        row: (index) => rows[index],
        tokens: (index) => lengths[index],
        place,
      },
    };
  };
}
