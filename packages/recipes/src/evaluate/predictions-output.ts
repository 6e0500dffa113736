import { realpath, stat } from "node:fs/promises";
import { asPhrase, checkWritable, phrase, replaceFile } from "@lathe/files";
import { RecipeError } from "../recipe-error.js";
import type { RowsInput } from "../rows/rows-input.js";
import { readPredictions } from "./prediction-file.js";

/**
 * Looks whether replies can be written into a file, before anything is computed.
 *
 * @param data rows that the replies are to
 * @throws RecipeError where it is a folder or the rows' own file; FileError where it may not be written
 */
export async function checkPredictionsOutput(path: string, data: RowsInput): Promise<void> {
  await checkWritable(path);
  const found = await stat(path).catch(() => null);
  if (found === null) return;
  const isOwnRows =
    typeof data === "string" && (await realpath(path)) === (await realpath(data).catch(() => null));
  if (!found.isDirectory() && !isOwnRows) return;
  const sentence = found.isDirectory()
    ? phrase`${path}: ${asPhrase("expected a file, got a folder")}`
    : phrase`${path}: the replies would be written over the rows`;
  throw new RecipeError([{ field: "predictionsOutput", sentence }]);
}

/**
 * Writes replies as JSON lines with prompt, prediction and reference; the file appears whole or not at all.
 * @param predictions file of a system's replies; null where none were generated
 */
export async function writePredictionsOutput(path: string, predictions: string | null): Promise<void> {
  await replaceFile(path, async (file) => {
    if (predictions === null) return;
    for await (const { prompt, prediction, reference } of readPredictions(predictions)) {
      await file.appendFile(`${JSON.stringify({ prompt, prediction, reference })}\n`);
    }
  });
}
