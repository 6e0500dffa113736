// A thread that encodes batches of texts, in the order in which they come.

import { parentPort, workerData } from "node:worker_threads";
import { loadTokenizer } from "@lathe/model";

const tokenizer = await loadTokenizer((workerData as { readonly folder: string }).folder);

parentPort!.on("message", (texts: readonly string[]) => {
  const rows = texts.map((text) => tokenizer!.encode(text, { addSpecialTokens: false }));
  const ids = new Int32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    ids.set(row, at);
    at += row.length;
  }
  parentPort!.postMessage(ids, [ids.buffer]);
});
parentPort!.postMessage("ready");
