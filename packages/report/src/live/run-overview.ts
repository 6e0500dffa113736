import { open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  FileError,
  isLocked,
  isRecord,
  JsonError,
  LOCK_NAME,
  lockWithin,
  messageOf,
  parseJson,
  readJsonIfThere,
} from "@lathe/files";
import { type MetricsLine, numberOf } from "../page/metrics-line.js";
import type { FoundRun } from "./find-runs.js";

/** A run is under way while a living process holds it, has ended when its report is there, and was interrupted otherwise. */
export type RunState = "running" | "finished" | "interrupted";

/** What is wrong with a run's own files. */
export interface RunFault {
  /**
   * - `config`: its settings are missing or cannot be read.
   * - `metrics`: a line of its metrics cannot be read.
   * - `report`: its report cannot be read.
   * - `folder`: the system does not let the folder be read.
   */
  readonly kind: "config" | "metrics" | "report" | "folder";
  /** What came instead, in the words of whoever read it; empty where nothing came. */
  readonly detail: string;
}

/** A run in a line. */
export interface RunOverview {
  readonly id: string;
  readonly name: string;
  readonly state: RunState;
  readonly fault: RunFault | null;
  readonly method: string | null;
  readonly objective: string | null;
  /** Name of the base model's folder. */
  readonly model: string | null;
  readonly step: number | null;
  readonly totalSteps: number | null;
  /** Of the last step. */
  readonly loss: number | null;
  /** Of the last evaluation among the last lines. */
  readonly validationLoss: number | null;
  readonly tokensPerSecond: number | null;
  /** Of the last step. */
  readonly secondsPerStep: number | null;
  /** When its metrics or settings changed last, in milliseconds since 1970. */
  readonly changedAt: number;
  /** Changes when there is more to say of the run than its metrics. */
  readonly stamp: string;
}

/** Largest file of settings that is read, in bytes. */
const SETTINGS_BYTES_LIMIT = 1024 * 1024;

/** Bytes at the end of the metrics that the last lines are read from. */
const END_BYTES = 64 * 1024;

/** What was read of a run, and of which files. */
export interface KnownOverview {
  readonly overview: RunOverview;
  readonly stamp: string;
}

/**
 * What is said of a run in a line.
 * @param known what was said before; its files are read again where they have changed
 */
export async function readOverview(
  { id, folder, entries }: FoundRun,
  rootName: string,
  known: KnownOverview | null,
): Promise<KnownOverview> {
  const files = await Promise.all(
    ["config.json", "metrics.jsonl", "report.json", "samples.jsonl", "report.html"].map((name) =>
      entries.has(name) ? stampOf(join(folder, name)) : Promise.resolve(null),
    ),
  );
  const [config, metrics, report] = files;
  const isRunning = entries.has(LOCK_NAME) && (await isLocked(lockWithin(folder)).catch(() => false));
  const state = isRunning ? "running" : report === null ? "interrupted" : "finished";
  const stampOfAll = [state, ...files.map((file) => file?.stamp ?? "none")].join(" ");
  if (known?.stamp === stampOfAll) return known;
  const settings = await readSettings(folder);
  const last = await lastLines(join(folder, "metrics.jsonl"));
  const text = (key: string): string | null => {
    const value = settings.values?.[key];
    return typeof value === "string" ? value : null;
  };
  const model = text("model");
  const line = last.lines.at(-1);
  const overview: RunOverview = {
    id,
    name: id === "." ? rootName : id,
    state,
    // A run that has just begun has no settings yet.
    fault: isRunning && settings.isMissing ? last.fault : (settings.fault ?? last.fault),
    method: text("method"),
    objective: text("objective"),
    model: model === null ? null : basename(model),
    step: numberOf(line, "step"),
    totalSteps: numberOf(line, "totalSteps"),
    loss: numberOf(line, "loss"),
    validationLoss: numberOf(
      last.lines.findLast((one) => numberOf(one, "validationLoss") !== null),
      "validationLoss",
    ),
    tokensPerSecond: numberOf(line, "tokensPerSecond"),
    secondsPerStep: numberOf(line, "seconds"),
    changedAt: metrics?.changedAt ?? config?.changedAt ?? 0,
    stamp: [state, ...[files[0], files[2], files[3], files[4]].map((file) => file?.stamp ?? "none")].join(
      " ",
    ),
  };
  return { overview, stamp: stampOfAll };
}

async function stampOf(path: string): Promise<{ readonly stamp: string; readonly changedAt: number } | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  return { stamp: `${found.ino}:${found.size}:${found.mtimeMs}`, changedAt: found.mtimeMs };
}

/** The settings of a run, or what is wrong with them. */
export async function readSettings(folder: string): Promise<{
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly fault: RunFault | null;
  readonly isMissing: boolean;
}> {
  const none = { values: null, isMissing: false };
  try {
    const value = await readJsonIfThere(join(folder, "config.json"), { limit: SETTINGS_BYTES_LIMIT });
    if (value === undefined) return { ...none, fault: { kind: "config", detail: "" }, isMissing: true };
    if (isRecord(value)) return { values: value, fault: null, isMissing: false };
    return { ...none, fault: { kind: "config", detail: "not an object" } };
  } catch (error) {
    return { ...none, fault: { kind: "config", detail: faultText(error) } };
  }
}

/** A fault without the path before it, which the row names already. */
export const faultText = (error: unknown): string =>
  error instanceof FileError ? error.reason : messageOf(error);

/** The last whole lines of a file, as far as they can be read. */
async function lastLines(
  path: string,
): Promise<{ readonly lines: MetricsLine[]; readonly fault: RunFault | null }> {
  let text: string;
  try {
    text = await endOf(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { lines: [], fault: null };
    return { lines: [], fault: { kind: "metrics", detail: messageOf(error) } };
  }
  // What follows the last line feed is being written.
  const whole = text.split("\n").slice(0, -1);
  const lines: MetricsLine[] = [];
  let fault: RunFault | null = null;
  for (const line of whole) {
    if (line === "") continue;
    const value = metricsLineOf(line);
    if (value === null) fault = { kind: "metrics", detail: line.slice(0, 60) };
    else lines.push(value);
  }
  return { lines, fault };
}

async function endOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - END_BYTES);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const text = buffer.toString("utf8", 0, bytesRead);
    // The first line may have its beginning before what was read.
    return start === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } finally {
    await file.close();
  }
}

/** A line of metrics; null for what is none. */
export function metricsLineOf(text: string): MetricsLine | null {
  try {
    const value = parseJson(text);
    return isRecord(value) && numberOf(value, "step") !== null ? value : null;
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}
