import { fileFaults, isRecord, readJsonFile } from "@lathe/files";

/** A score as a card shows it. */
export interface CardScore {
  readonly system: string;
  readonly metric: string;
  readonly score: number;
  /** Bounds of the 95 % interval; null where the evaluation has none. */
  readonly interval: readonly [number, number] | null;
  readonly signature: string;
}

const LIMIT = 64 * 1024 * 1024;

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((bound) => typeof bound === "number");

/**
 * Reads the scores of an evaluation's `report.json`, or of what scoring predictions has printed as JSON.
 * @throws FileError where the file holds none
 */
export async function readCardScores(path: string): Promise<CardScore[]> {
  const makeFault = fileFaults(path);
  const value = await readJsonFile(path, { limit: LIMIT, makeFault });
  const report = isRecord(value) && isRecord(value["scores"]) ? value["scores"] : value;
  const systems: unknown = isRecord(report) ? report["systems"] : undefined;
  const scores: CardScore[] = [];
  for (const one of Array.isArray(systems) ? (systems as unknown[]) : []) {
    if (!isRecord(one) || !isRecord(one["scores"])) continue;
    for (const [metric, found] of Object.entries(one["scores"])) {
      if (!isRecord(found) || typeof found["score"] !== "number") continue;
      const { score, interval, signature } = found;
      scores.push({
        system: String(one["name"]),
        metric,
        score,
        interval: isPair(interval) ? interval : null,
        signature: typeof signature === "string" ? signature : "",
      });
    }
  }
  if (scores.length > 0) return scores;
  throw makeFault("scores of systems, as an evaluation writes them", "none");
}
