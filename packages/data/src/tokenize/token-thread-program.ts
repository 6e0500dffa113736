/** A program: tokenises batches of rows in a thread, in the order in which they come. */
import { parentPort, workerData } from "node:worker_threads";
import type { Row } from "../rows/row.js";
import { rowTokens, type RowTokens } from "./row-tokens.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import type { TokenThreadData, TokenThreadMessage } from "./token-threads.js";

const { source, options } = workerData as TokenThreadData;

const tell = (message: TokenThreadMessage, transferred: readonly ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, [...transferred]);

/** The tokens of a batch in one buffer, which can be handed over. */
function packed(made: readonly RowTokens[]): { made: RowTokens[]; buffer: ArrayBuffer } {
  const rows = made.flatMap((outcome) => ("tokens" in outcome ? outcome.tokens : []));
  const words = new Int32Array(rows.reduce((sum, { inputIds }) => sum + 2 * inputIds.length, 0));
  let at = 0;
  const moved = (values: Int32Array): Int32Array => {
    const place = words.subarray(at, at + values.length);
    place.set(values);
    at += values.length;
    return place;
  };
  return {
    buffer: words.buffer,
    made: made.map((outcome) =>
      "fault" in outcome
        ? outcome
        : {
            tokens: outcome.tokens.map((row) => ({
              ...row,
              inputIds: moved(row.inputIds),
              labels: moved(row.labels),
            })),
          },
    ),
  };
}

try {
  const module = (await import(source.module)) as Readonly<
    Record<string, (argument: string) => RowTokenizer | Promise<RowTokenizer>>
  >;
  const tokenizer = await module[source.load](source.argument);
  parentPort!.on("message", (rows: readonly Row[]) => {
    try {
      const { made, buffer } = packed(rows.map((row) => rowTokens(row, tokenizer, options)));
      tell({ type: "made", made }, [buffer]);
    } catch (error) {
      tell({ type: "failed", error });
    }
  });
  tell({ type: "ready" });
} catch (error) {
  tell({ type: "failed", error });
}
