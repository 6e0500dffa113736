import { join } from "node:path";
import { hashFile } from "@lathe/files";
import { SPLITS } from "../split/split-weights.js";
import { TokenDataset } from "../token-files/token-dataset.js";
import { type TokenRowInput, writeTokenFile } from "../token-files/write-token-file.js";
import { readSplits } from "./deal-rows.js";
import type { WrittenFile } from "./line-writer.js";
import { KEPT_TOKENS, type IntakeReport, tokenMetadata, type TokenCounts } from "./prepare-intake.js";
import type { ResolvedPrepareOptions } from "./prepare-options.js";
import { RowLedger } from "./row-ledger.js";

/** Files that {@link writeSplitTokens} makes. */
export const SPLIT_TOKEN_FILES: readonly string[] = SPLITS.map((name) => `${name}.arrow`);

/** What writing the tokens came to. */
export interface TokensReport {
  readonly outputs: Readonly<Record<string, WrittenFile>>;
  readonly tokens: TokenCounts;
}

/** The stage that writes the tokens of every split. */
export async function writeSplitTokens(
  options: ResolvedPrepareOptions,
  folder: string,
  { names }: IntakeReport,
): Promise<TokensReport> {
  const tokens = await TokenDataset.open(join(folder, KEPT_TOKENS));
  const splitOfRow = await readSplits(folder);
  const ledger = new RowLedger(folder, options, names);
  const counts = {
    tokens: 0,
    scoredTokens: 0,
    truncatedRows: 0,
    splitRows: 0,
    unlabelledTurns: 0,
    reasoningTurns: { train: 0, validation: 0, test: 0 },
  };
  const outputs: Record<string, WrittenFile> = {};
  try {
    for (const [split, name] of SPLITS.entries()) {
      const ofSplit = function* (): Generator<TokenRowInput> {
        let before = -1;
        let parts = 0;
        let number = -1;
        for (let index = 0; index < tokens.length; index++) {
          const { row, ...part } = tokens.view(index);
          if (splitOfRow[row] !== split) continue;
          counts.tokens += part.inputIds.length;
          counts.scoredTokens += part.labels.reduce((sum, label) => sum + (label < 0 ? 0 : 1), 0);
          parts = row === before ? parts + 1 : 1;
          if (parts === 2) counts.splitRows += 1;
          if (parts === 1) {
            number += 1;
            const { truncated, unlabelledTurns, reasoningTurns } = ledger.tokensOf(row);
            counts.truncatedRows += truncated;
            counts.unlabelledTurns += unlabelledTurns;
            counts.reasoningTurns[name] += reasoningTurns;
          }
          before = row;
          yield { ...part, row: number }; // line of the split's JSONL file, from 0
        }
      };
      options.signal?.throwIfAborted();
      const path = join(folder, `${name}.arrow`);
      const rows = await writeTokenFile(path, ofSplit(), tokenMetadata(options));
      outputs[`${name}.arrow`] = { rows, ...(await hashFile(path)) };
    }
  } finally {
    ledger.close();
    tokens.close();
  }
  return { outputs, tokens: counts };
}
