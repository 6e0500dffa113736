import { type NamedFile, readColumns, type RowColumns } from "@lathe/data";
import type { OnRecipeEvent } from "../recipe-event.js";

/**
 * Tells what the columns of files are taken for, of files with the same columns of the first alone.
 * @param isKept whether columns that are not learnt stay with the rows
 * @param columns of columns the keys that they stand for
 */
export async function tellColumns(
  files: Iterable<NamedFile> | AsyncIterable<NamedFile>,
  isKept: boolean,
  onEvent: OnRecipeEvent | undefined,
  columns?: ReadonlyMap<string, string>,
): Promise<void> {
  if (onEvent === undefined) return;
  const told = new Set<string>();
  for await (const { name: source, file } of files) {
    const found: RowColumns | null = await readColumns(file, columns);
    const known = JSON.stringify(found);
    if (found === null || told.has(known)) continue;
    told.add(known);
    onEvent({ type: "columns", source, isKept, ...found });
  }
}
