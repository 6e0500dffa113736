import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { statIfThere } from "@lathe/files";
import { dialogueRows } from "./dialogue-rows.js";

const ROWS_A_WRITE = 2000;

/** The file of so many generated rows in a folder; it is written where it is not there yet. */
export async function rowFile(folder: string, rows: number, seed: number): Promise<string> {
  const path = join(folder, `dialogues-${rows}-${seed}.jsonl`);
  if ((await statIfThere(path)) !== null) return path;
  const temporary = `${path}.${process.pid}`;
  const file = await open(temporary, "w");
  try {
    let lines: string[] = [];
    for (const row of dialogueRows(rows, seed)) {
      lines.push(`${JSON.stringify(row)}\n`);
      if (lines.length < ROWS_A_WRITE) continue;
      await file.writeFile(lines.join(""));
      lines = [];
    }
    await file.writeFile(lines.join(""));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return path;
}
