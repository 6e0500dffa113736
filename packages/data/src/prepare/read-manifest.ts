import { join } from "node:path";
import { isInputError, isRecord, readJsonIfThere } from "@lathe/files";
import type { CleaningExample } from "../clean/row-cleaner.js";
import { MANIFEST_FILE, MANIFEST_FORMAT } from "./manifest-file.js";

/** Largest manifest that is read, in bytes: counts, hashes and a few hundred cut examples. */
const MANIFEST_BYTES_LIMIT = 64 * 1024 * 1024;

/** What prepare counted, as its manifest keeps it. */
export interface PreparedCounts {
  readonly read: number;
  readonly kept: number;
  readonly rejected: number;
  /** Rows changed or set aside, by step or reason. */
  readonly rules: Readonly<Record<string, number>>;
  readonly personalData: Readonly<Record<string, number>>;
  /** Clusters of near copies. */
  readonly clusters: number;
  /** Some of the rows that each step changed or set aside. */
  readonly examples: Readonly<Record<string, readonly CleaningExample[]>>;
}

/** What the manifest of a prepared folder counts; null for any other folder. */
export async function readPreparedCounts(folder: string): Promise<PreparedCounts | null> {
  const manifest = await readManifest(folder);
  if (manifest === null) return null;
  const counts = (key: string): Record<string, number> => {
    const value = manifest[key];
    const entries = isRecord(value) ? Object.entries(value) : [];
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
    );
  };
  const number = (key: string): number => (typeof manifest[key] === "number" ? manifest[key] : 0);
  return {
    read: number("read"),
    kept: number("kept"),
    rejected: number("rejected"),
    rules: counts("rules"),
    personalData: counts("personalData"),
    clusters: number("clusters"),
    examples: examplesOf(manifest["examples"]),
  };
}

/** Files that the manifest of a prepared folder names, with what it says of each; null for any other folder. */
export async function readManifestOutputs(folder: string): Promise<Readonly<Record<string, unknown>> | null> {
  const manifest = await readManifest(folder);
  return manifest !== null && isRecord(manifest.outputs) ? manifest.outputs : null;
}

/** The manifest of a prepared folder; null for any other folder. */
export async function readManifest(folder: string): Promise<Readonly<Record<string, unknown>> | null> {
  const path = join(folder, MANIFEST_FILE);
  const manifest = await readJsonIfThere(path, { limit: MANIFEST_BYTES_LIMIT }).catch((error: unknown) => {
    if (!isInputError(error)) throw error;
    return null; // another program's file of that name
  });
  return isRecord(manifest) && manifest.format === MANIFEST_FORMAT ? manifest : null;
}

/** The examples in a manifest, which anybody may have changed: what is not of their form is left out. */
function examplesOf(value: unknown): Record<string, CleaningExample[]> {
  const isText = (text: unknown): boolean => text === undefined || typeof text === "string";
  const isExample = (example: unknown): example is CleaningExample =>
    isRecord(example) &&
    typeof example["file"] === "string" &&
    typeof example["line"] === "number" &&
    typeof example["before"] === "string" &&
    isText(example["after"]) &&
    isText(example["reason"]);
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([step, list]) => [step, Array.isArray(list) ? list.filter(isExample) : []]),
  );
}
