import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isRecord, JsonError, parseJson, readJsonIfThere, readLines } from "@lathe/files";

/** What is known of the run that an adapter came from. */
export interface AdapterRun {
  readonly path: string;
  /** File of rows that it learnt from, where it was one. */
  readonly data: string | null;
  /** How the run went: steps, tokens, seconds, memory, when it had converged. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Its steps, as `metrics.jsonl` has them. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
}

const REPORT_BYTES_LIMIT = 16 * 1024 * 1024;

/** Lines of metrics that are read at most. */
const MOST_LINES = 20_000;

/** What of a run's report stands beside scores. */
const FACTS = [
  "steps",
  "loss",
  "validationLoss",
  "tokens",
  "seconds",
  "tokensPerSecond",
  "trainableParameters",
  "allParameters",
  "stoppedEarly",
] as const;

/** The run in whose folder an adapter lies; null for any other adapter. */
export async function runOfAdapter(adapter: string): Promise<AdapterRun | null> {
  const path = dirname(resolve(adapter));
  const read = async (name: string): Promise<unknown> =>
    await readJsonIfThere(join(path, name), { limit: REPORT_BYTES_LIMIT }).catch(() => null);
  const report = await read("report.json");
  if (!isRecord(report)) return null;
  const passport = isRecord(report["passport"]) ? report["passport"] : {};
  const memory = isRecord(report["memory"]) ? report["memory"] : {};
  const config = await read("config.json");
  const data = isRecord(config) ? config["data"] : null;
  return {
    path,
    data: typeof data === "string" ? resolve(data) : null,
    facts: {
      ...Object.fromEntries(FACTS.map((key) => [key, report[key] ?? null])),
      peakResidentBytes: memory["peakResidentBytes"] ?? null,
      convergenceStep: passport["convergenceStep"] ?? null,
      energyJoules: passport["energyJoules"] ?? null,
    },
    metrics: await readMetrics(join(path, "metrics.jsonl")),
  };
}

async function readMetrics(path: string): Promise<Readonly<Record<string, unknown>>[]> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return [];
  const metrics: Readonly<Record<string, unknown>>[] = [];
  for await (const lines of readLines(path)) {
    for (const { text } of lines) {
      const value = lineOf(text);
      if (value !== null && metrics.length < MOST_LINES) metrics.push(value);
    }
  }
  return metrics;
}

/** A line's object; null for a line that a killed process has cut short. */
function lineOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = parseJson(text);
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}
