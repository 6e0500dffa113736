import { TokenFileWriter, type TokenRowInput } from "./token-file-writer.js";
import type { TokenFileMetadata } from "./token-row.js";

/**
 * Streams token rows into an Arrow IPC stream, in record batches of bounded size: the form that Hugging Face `datasets` maps into
 * memory (`Dataset.from_file`). An existing file is overwritten.
 *
 * @returns the number of rows
 * @throws RangeError when a row has not as many labels as ids
 */
export async function writeTokenFile(
  path: string,
  rows: Iterable<TokenRowInput> | AsyncIterable<TokenRowInput>,
  metadata: TokenFileMetadata,
): Promise<number> {
  const writer = await TokenFileWriter.create(path, metadata);
  try {
    for await (const row of rows) await writer.add(row);
    return (await writer.close()).rows;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
