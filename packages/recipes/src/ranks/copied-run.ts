import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { broadcastBytes, type Collective } from "@lathe/distributed";
import {
  filesBelow,
  isRecord,
  makeFolder,
  parseJson,
  statIfThere,
  sweepLeftovers,
  temporaryName,
} from "@lathe/files";
import type { RunFolder } from "@lathe/train";
import { sendFile } from "./send-file.js";

/** Files of a run besides its checkpoint that one which goes on reads. */
const READ_FILES = ["config.json", "metrics.jsonl", "reference.json"];

/** The run of the first rank, as another rank has it. */
export interface CopiedRun {
  /** A folder of this rank's own, that is gone when it is released. */
  readonly path: string;
  release(): Promise<void>;
}

/** Makes the folder in which a rank follows a run that the first one writes, and clears away those of ranks that were killed. */
export async function copiedRun(): Promise<CopiedRun> {
  await sweepLeftovers(tmpdir(), { ownOnly: true });
  const parent = temporaryName(join(tmpdir(), "lathe-rank"), "new");
  // Others on this machine need not read what is trained.
  await mkdir(parent, { mode: 0o700 });
  return { path: join(parent, "run"), release: () => rm(parent, { recursive: true, force: true }) };
}

/**
 * Sends the newest intact checkpoint of a run and what is read beside it from the first rank to all others, whose disks may hold
 * nothing of it. What all go on from is what the first one found.
 * @param run on the first rank; on others null
 * @param to folder that another rank's copy becomes; null on the first
 */
export async function sendRun(
  collective: Collective,
  run: RunFolder | null,
  to: string | null,
): Promise<void> {
  const files = run ? await filesOf(run) : null;
  const names = files && new TextEncoder().encode(JSON.stringify({ names: [...files.keys()] }));
  const list = namesOf(new TextDecoder().decode(await broadcastBytes(collective, names)));
  if (to !== null) await makeFolder(join(to, "checkpoints"));
  for (const name of list) {
    const place = to === null ? null : join(to, ...name.split("/"));
    if (place !== null) await makeFolder(dirname(place));
    await sendFile(collective, { from: files?.get(name) ?? null, to: place });
  }
}

/** Where the files are, by their names in the run. */
async function filesOf(run: RunFolder): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of READ_FILES) {
    if (await statIfThere(join(run.path, name))) files.set(name, join(run.path, name));
  }
  const newest = await run.newestIntact();
  for (const name of newest ? await filesBelow(newest.path) : []) {
    const file = join(newest!.path, name);
    files.set(relative(run.path, file).split(sep).join("/"), file);
  }
  return files;
}

function namesOf(text: string): string[] {
  const value = parseJson(text);
  const names: unknown = isRecord(value) ? value["names"] : null;
  // The first rank is this program on another machine; names that lead out of the folder would still be none of its.
  return Array.isArray(names)
    ? names.filter(
        (name): name is string =>
          typeof name === "string" && !name.split("/").includes("..") && !name.startsWith("/"),
      )
    : [];
}
