import { createHash, randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { InputError, lockWithin, makeFolder, OutputFolderError, phrase, takeLock } from "@lathe/files";
import { type PlannedTask, planAdjudication, planTasks } from "../assign/plan-tasks.js";
import { automaticScores } from "../results/automatic-scores.js";
import type { Responses } from "../responses/study-row.js";
import type { Role } from "./study-data.js";
import { Study } from "./study.js";
import { StudyDatabase } from "./study-database.js";
import type { StudySettings } from "./study-settings.js";

/** File of a study's folder that holds all of it. */
export const STUDY_FILE = "study.sqlite";

/** How a study is made. */
export interface CreateStudyOptions {
  /** People who judge. @defaultValue 3 */
  readonly annotators?: number | undefined;
  /** Annotators that judge each row. @defaultValue all */
  readonly perRow?: number | undefined;
  /** Share of an annotator's rows that come a second time. @defaultValue 0.05 */
  readonly repeats?: number | undefined;
  /** The same seed gives the same order of rows and replies. @defaultValue 0 */
  readonly seed?: number | undefined;
}

/**
 * Makes the study of a folder, or opens the one that is there, if it is of the same replies and settings: whoever starts again
 * goes on.
 *
 * @throws OutputFolderError when the folder has a study of other replies or settings
 * @throws InputError when an option cannot be used
 * @throws LockedError when the study is open in another process
 */
export async function createStudy(
  folder: string,
  responses: Responses,
  { annotators = 3, perRow = annotators, repeats = 0.05, seed = 0 }: CreateStudyOptions = {},
): Promise<Study> {
  const wanted: StudySettings = {
    format: 1,
    systems: responses.systems,
    responses: createHash("sha256").update(JSON.stringify(responses)).digest("hex"),
    seed,
    annotators,
    repeats,
    perRow,
  };
  checkSettings(wanted);
  await makeFolder(folder);
  const lock = await takeLock(lockWithin(folder), folder);
  try {
    const file = join(folder, STUDY_FILE);
    const database = await StudyDatabase.open(file, "own");
    try {
      if (!database.isLaidOut) {
        // The links' secrets are in it.
        await chmod(file, 0o600);
        layOutStudy(database, responses, wanted);
      }
      const study = new Study(database, lock);
      checkSame(folder, study.settings, wanted);
      return study;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function checkSettings({ annotators, perRow, repeats, seed }: StudySettings): void {
  const isWhole = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  if (!isWhole(annotators, 1, 1000)) {
    throw new InputError(phrase`expected ${1} to ${1000} annotators, got ${annotators}`);
  }
  if (!isWhole(perRow, 1, annotators)) {
    throw new InputError(
      phrase`expected each row to be judged by ${1} to ${annotators} annotators, got ${perRow}`,
    );
  }
  if (!(repeats >= 0 && repeats <= 0.5)) {
    throw new InputError(phrase`expected a share of rows to repeat from ${0} to ${0.5}, got ${repeats}`);
  }
  if (!isWhole(seed, 0, Number.MAX_SAFE_INTEGER)) {
    throw new InputError(phrase`expected a seed that is a whole number of at least ${0}, got ${seed}`);
  }
}

function checkSame(folder: string, { ...found }: StudySettings, wanted: StudySettings): void {
  const other = (Object.keys(wanted) as (keyof StudySettings)[]).find(
    (key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]),
  );
  if (other === undefined) return;
  throw new OutputFolderError(
    folder,
    "an empty folder or a study of the same replies and settings",
    other === "responses" || other === "systems"
      ? "a study of other replies"
      : phrase`a study with ${other} ${String(found[other])}`,
    "give another folder, or the files and settings that the study was made with",
  );
}

function layOutStudy(database: StudyDatabase, { rows, systems }: Responses, settings: StudySettings): void {
  const plan = { ...settings, rows: rows.length, systems: systems.length };
  const members: { readonly name: string; readonly role: Role; readonly tasks: readonly PlannedTask[] }[] = [
    ...planTasks(plan).map((tasks, index) => ({
      name: `annotator-${index + 1}`,
      role: "annotator" as const,
      tasks,
    })),
    { name: "adjudicator", role: "adjudicator", tasks: planAdjudication(plan) },
    { name: "coordinator", role: "coordinator", tasks: [] },
  ];
  database.transaction(() => {
    database.layOut();
    database.run("INSERT INTO study (name, value) VALUES ('settings', ?)", [JSON.stringify(settings)]);
    // Texts are kept as JSON: SQLite's own end at a character of code 0.
    database.runEach(
      "INSERT INTO rows (id, name, facts, content) VALUES (?, ?, ?, ?)",
      rows.map((row, index) => [
        index,
        JSON.stringify(row.id),
        JSON.stringify({ scores: automaticScores(row), gold: row.gold }),
        JSON.stringify({ prompt: row.prompt, outputs: row.outputs }),
      ]),
    );
    database.runEach(
      "INSERT INTO members (id, name, role, secret) VALUES (?, ?, ?, ?)",
      members.map(({ name, role }, id) => [id, name, role, randomBytes(24).toString("base64url")]),
    );
    database.runEach(
      "INSERT INTO tasks (member, position, row, kind, systems) VALUES (?, ?, ?, ?, ?)",
      members.flatMap(({ tasks }, member) =>
        tasks.map(({ row, kind, systems: order }, position) => [
          ...[member, position, row, kind],
          JSON.stringify(order),
        ]),
      ),
    );
  });
}
