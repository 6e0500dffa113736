import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { TOKEN_THREAD_LIMITS } from "@lathe/data";
import { peakResidentBytes } from "@lathe/tensor";
import type { DialogueRow } from "../data/dialogue-rows.js";
import type { TokensJob, TokensOutcome } from "./tokens-job.js";

const BATCH_TEXTS = 500;
const CHECK = 2 ** 31 - 1;
const program = new URL("./encode-program.js", import.meta.url);

/** Encodes texts on threads, each with a tokenizer of its own and the limits that prepare's have. */
export async function measureTokens({ file, tokenizer, threads: count }: TokensJob): Promise<TokensOutcome> {
  const texts = (await readFile(file, "utf8"))
    .trimEnd()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as DialogueRow).messages.map(({ content }) => content));
  const threads = Array.from(
    { length: count },
    () => new Worker(program, { workerData: { folder: tokenizer }, resourceLimits: TOKEN_THREAD_LIMITS }),
  );
  await Promise.all(threads.map((thread) => once(thread, "message")));
  const batches = Array.from({ length: Math.ceil(texts.length / BATCH_TEXTS) }, (_, batch) =>
    texts.slice(batch * BATCH_TEXTS, (batch + 1) * BATCH_TEXTS),
  );
  const made: Int32Array[] = [];
  let next = 0;
  const start = performance.now();
  await Promise.all(
    threads.map(async (thread) => {
      while (next < batches.length) {
        const batch = next++;
        thread.postMessage(batches[batch]);
        [made[batch]] = (await once(thread, "message")) as [Int32Array];
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(threads.map((thread) => thread.terminate()));
  let tokens = 0;
  let check = 0;
  for (const ids of made) for (const id of ids) check = (check + (id + 1) * (++tokens % 1009)) % CHECK;
  return { seconds, texts: texts.length, tokens, check, peakResidentBytes: peakResidentBytes() };
}
