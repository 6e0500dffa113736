import { isRecord, readJsonIfThere, replaceFile } from "@lathe/files";
import type { RowLosses } from "./row-losses.js";

/** What is known of a system so far: each part when it is complete. */
export interface SystemRecord {
  readonly data?: RowLosses;
  readonly probe?: RowLosses;
  /** Tokens and seconds of generating, without what a killed process had generated, and how many replies that was at one time. */
  readonly generation?: { readonly tokens: number; readonly seconds: number; readonly batchSize: number };
}

const BYTES_LIMIT = 1024 * 1024 * 1024;

/** What an earlier process found out. */
export async function readSystemRecord(path: string): Promise<SystemRecord> {
  const value = await readJsonIfThere(path, { limit: BYTES_LIMIT });
  return isRecord(value) ? value : {};
}

/** Keeps what is known. */
export async function writeSystemRecord(path: string, record: SystemRecord): Promise<void> {
  await replaceFile(path, `${JSON.stringify(record)}\n`);
}
