import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { threefry2x32 } from "@lathe/kernels";
import { dialogueRows } from "../data/dialogue-rows.js";

/** Writes so many generated replies and what they should be, which they are with a stretch cut out or words at the end, as two files. */
export async function writeScorePairs(
  files: { readonly predictions: string; readonly references: string },
  count: number,
  seed: number,
): Promise<void> {
  const predictions = createWriteStream(files.predictions);
  const references = createWriteStream(files.references);
  for (const [row, { messages }] of numbered(dialogueRows(count, seed))) {
    const reference = messages[1].content;
    const [at, words] = threefry2x32([seed, row], [0, 1]);
    const start = at % reference.length;
    const prediction = `${reference.slice(0, start)}${reference.slice(start + 4)}${words % 2 === 0 ? " thanks" : ""}`;
    if (!predictions.write(`${JSON.stringify({ prediction })}\n`)) await once(predictions, "drain");
    if (!references.write(`${JSON.stringify({ reference })}\n`)) await once(references, "drain");
  }
  predictions.end();
  references.end();
  await Promise.all([finished(predictions), finished(references)]);
}

function* numbered<Item>(items: Iterable<Item>): Generator<readonly [number, Item]> {
  let number = 0;
  for (const item of items) yield [number++, item];
}
