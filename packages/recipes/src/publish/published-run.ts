import { isRecord } from "@lathe/files";
import type { PublishedRun } from "./publication.js";

/** Settings that say where something lies on this machine. */
const PLACES: readonly string[] = ["model", "data", "validation", "output", "initAdapter"];

/** What of a run's report is told with what it made. */
const FACTS = [
  "steps",
  "loss",
  "validationLoss",
  "tokens",
  "labelTokens",
  "seconds",
  "tokensPerSecond",
  "stoppedEarly",
  "engine",
  "precision",
  "trainableParameters",
  "allParameters",
] as const;

/** Of the passport. */
const ORIGINS = ["lathe", "engineDescription", "convergenceStep", "energyJoules"] as const;

const hashesOf = (value: unknown): Readonly<Record<string, string>> =>
  isRecord(value)
    ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => isText(entry[1])))
    : {};
const isText = (value: unknown): value is string => typeof value === "string";
const textOrNull = (value: unknown): string | null => (isText(value) ? value : null);
const isFact = (value: unknown): value is string | number | boolean =>
  isText(value) || typeof value === "boolean" || typeof value === "number";

/**
 * What of a run's `report.json` may be seen by others: how it went, its settings and the hashes of base and rows. Paths, which
 * hold names of people and customers, are left out.
 * @returns null where the report holds no passport
 */
export function publishedRun(report: Readonly<Record<string, unknown>>): PublishedRun | null {
  const passport = report["passport"];
  if (!isRecord(passport)) return null;
  const settings = isRecord(passport["settings"]) ? passport["settings"] : {};
  const hashes = isRecord(passport["hashes"]) ? passport["hashes"] : {};
  const facts = [
    ...FACTS.map((key) => [key, report[key]] as const),
    ...ORIGINS.map((key) => [key, passport[key]] as const),
  ].map(([key, value]) => [key, isFact(value) ? value : null] as const);
  return {
    facts: Object.fromEntries(facts),
    settings: Object.fromEntries(Object.entries(settings).filter(([key]) => !PLACES.includes(key))),
    model: hashesOf(hashes["model"]),
    data: textOrNull(hashes["data"]),
    validation: textOrNull(hashes["validation"]),
  };
}
