import { join } from "node:path";
import type { WrittenFile } from "../spill/written-file.js";
import { SPLITS } from "../split/split-weights.js";
import { TokenFileWriter } from "../token-files/token-file-writer.js";
import { TokenSpill } from "../token-files/token-spill.js";
import { LEFT_OUT, readSplits } from "./deal-rows.js";
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

/** The stage that writes the tokens of every split, reading them once. */
export async function writeSplitTokens(
  options: ResolvedPrepareOptions,
  folder: string,
  { names }: IntakeReport,
): Promise<TokensReport> {
  const splitOfRow = await readSplits(folder);
  const tokens = new TokenSpill(join(folder, KEPT_TOKENS), true);
  const ledger = new RowLedger(folder, options, names);
  const counts = {
    tokens: 0,
    scoredTokens: 0,
    truncatedRows: 0,
    splitRows: 0,
    unlabelledTurns: 0,
    reasoningTurns: { train: 0, validation: 0, test: 0 },
  };
  const writers: TokenFileWriter[] = [];
  try {
    const metadata = tokenMetadata(options);
    for (const name of SPLIT_TOKEN_FILES)
      writers.push(await TokenFileWriter.create(join(folder, name), metadata));
    const lines = SPLITS.map(() => -1); // of the split's JSONL file, from 0
    let before = -1;
    let parts = 0;
    for (const { row, ...part } of tokens) {
      options.signal?.throwIfAborted();
      const split = splitOfRow[row];
      if (split === LEFT_OUT) continue;
      counts.tokens += part.inputIds.length;
      for (const label of part.labels) if (label >= 0) counts.scoredTokens += 1;
      parts = row === before ? parts + 1 : 1;
      if (parts === 2) counts.splitRows += 1;
      if (parts === 1) {
        lines[split] += 1;
        const { truncated, unlabelledTurns, reasoningTurns } = ledger.tokensOf(row);
        counts.truncatedRows += truncated;
        counts.unlabelledTurns += unlabelledTurns;
        counts.reasoningTurns[SPLITS[split]] += reasoningTurns;
      }
      before = row;
      await writers[split].add({ ...part, row: lines[split] });
    }
    const outputs: Record<string, WrittenFile> = {};
    for (const [at, name] of SPLIT_TOKEN_FILES.entries()) outputs[name] = await writers[at].close();
    return { outputs, tokens: counts };
  } finally {
    ledger.close();
    tokens.close();
    await Promise.all(writers.map((writer) => writer.abandon()));
  }
}
