import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { prepare } from "@lathe/data";
import { loadTokenizer } from "@lathe/model";
import { peakResidentBytes } from "@lathe/tensor";
import { collectEarly } from "@lathe/train/process";
import { UsageError } from "../shared/usage-error.js";
import type { DataJob, DataOutcome } from "./data-job.js";

/** Cleans, de-duplicates, masks, splits and tokenises rows as `lathe prepare` does. */
export async function measureData({ file, tokenizer: folder, output, seed }: DataJob): Promise<DataOutcome> {
  // As the command does.
  collectEarly();
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer === null)
    throw new UsageError(`--tokenizer: expected a folder with a tokenizer, got ${folder}`);
  const start = performance.now();
  const { read, kept, tokens } = await prepare({
    inputs: [file],
    output,
    seed,
    tokenizer,
    tokenizerHashes: { tokenizerHash: tokenizer.hash, templateHash: tokenizer.templateHash },
    tokenizerSource: {
      module: pathToFileURL(createRequire(import.meta.url).resolve("@lathe/model/tokenizer")).href,
      load: "loadTokenizer",
      argument: folder,
    },
  });
  return {
    seconds: (performance.now() - start) / 1000,
    read,
    kept,
    tokens: tokens?.tokens ?? 0,
    peakResidentBytes: peakResidentBytes(),
  };
}
