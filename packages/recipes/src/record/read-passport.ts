import { isRecord, type MakeFault, readJsonFile, phrase } from "@lathe/files";
import type { RunPassport } from "./run-passport.js";
import { RunPassportError } from "./run-passport-error.js";

/** Largest report that is read, in bytes; one of a model in a hundred files has some tens of kilobytes. */
const REPORT_BYTES_LIMIT = 16 * 1024 * 1024;

/** What of a passport is needed to repeat its run. */
export type StoredPassport = Pick<RunPassport, "settings" | "hashes" | "lathe" | "engineDescription">;

/** Reads the passport in a run's `report.json`. @throws RunPassportError */
export async function readPassport(path: string): Promise<StoredPassport> {
  const makeFault: MakeFault = (expected, actual, cause) =>
    new RunPassportError(path, expected, actual, { cause });
  const report = await readJsonFile(path, { limit: REPORT_BYTES_LIMIT, makeFault });
  const passport = isRecord(report) ? report["passport"] : undefined;
  if (!isRecord(passport)) throw makeFault("a passport in it", "none");
  const { settings, hashes, lathe, engineDescription } = passport;
  if (!isRecord(settings)) throw makeFault("the settings of the run as passport.settings", shown(settings));
  if (!isRecord(hashes)) throw makeFault("hashes as passport.hashes", shown(hashes));
  for (const key of ["model", "result"] as const) {
    const files = hashes[key];
    if (isRecord(files) && Object.values(files).every((hash) => typeof hash === "string")) continue;
    throw makeFault(phrase`hashes by file as passport.hashes.${key}`, shown(files));
  }
  for (const key of ["data", "validation"] as const) {
    const hash = hashes[key] ?? null;
    if (hash !== null && typeof hash !== "string")
      throw makeFault(phrase`a hash as passport.hashes.${key}`, shown(hash));
  }
  return {
    settings,
    hashes: hashes as unknown as RunPassport["hashes"],
    lathe: String(lathe),
    engineDescription: String(engineDescription),
  };
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 60);
