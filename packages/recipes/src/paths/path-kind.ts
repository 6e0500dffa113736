import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What lies at a path, as far as it tells what its owner means by it. */
export interface PathKind {
  readonly kind: "missing" | "file" | "folder";
  /** Names in a folder. */
  readonly names: readonly string[];
}

/** Looks at a path. What cannot be looked at counts as a file: whoever reads it says why. */
export async function pathKind(path: string): Promise<PathKind> {
  try {
    if (!(await stat(path)).isDirectory()) return { kind: "file", names: [] };
    return { kind: "folder", names: (await readdir(path)).sort() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "file", names: [] };
  }
}

/** Whether a file is there. */
export async function hasFile(...parts: readonly string[]): Promise<boolean> {
  return (await pathKind(join(...parts))).kind === "file";
}

/** The last checkpoint's adapter of a run folder, and whether the run's own is there. */
export async function adaptersOfRun(
  path: string,
): Promise<{ readonly adapter: string | null; readonly last: string | null }> {
  const adapter = join(path, "adapter");
  const steps = (await pathKind(join(path, "checkpoints"))).names
    .flatMap((name) => /^step-(\d{1,15})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const last = steps.length > 0 ? join(path, "checkpoints", `step-${steps.at(-1)}`, "adapter") : null;
  return { adapter: (await hasFile(adapter, "adapter_config.json")) ? adapter : null, last };
}

/** Whether the names are those of a folder that finetune writes. */
export const isRunFolder = (names: readonly string[]): boolean =>
  names.includes("metrics.jsonl") || (names.includes("checkpoints") && names.includes("config.json"));

/** Whether the names are those of a folder that prepareRows writes. */
export const isPreparedFolder = (names: readonly string[]): boolean =>
  names.includes("manifest.json") && names.some((name) => /^train\.(arrow|jsonl)$/.test(name));
