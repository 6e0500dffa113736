import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { Collective, MpiCollective, RankFacts } from "@lathe/distributed";
import { FileError } from "@lathe/files";
import { packageVersions } from "../machine/package-versions.js";
import { modelHashes } from "../record/run-hashes.js";
import { rowsHash } from "../rows/rows-hash.js";

/** Files whose content all ranks must share. */
export interface SharedFiles {
  /** A model folder. */
  readonly model?: string | undefined;
  /** Rows: a file, a folder or a pattern. */
  readonly data?: string | undefined;
  readonly validation?: string | undefined;
}

/**
 * What this rank says of itself, and what of it must be alike on all: versions of Node, Lathe and the MPI library, and hashes of files.
 * @param onProgress files of the model hashed, of all
 */
export async function rankFacts(
  collective: Collective,
  { model, data, validation }: SharedFiles = {},
  onProgress?: (done: number, total: number) => void,
): Promise<RankFacts> {
  const versions = Object.entries(packageVersions());
  const versionsOf = (scope: string): string =>
    [...new Set(versions.filter(([name]) => name.startsWith(scope)).map(([, version]) => version))].join(
      ", ",
    );
  const hashes: [name: string, hash: string][] = [];
  if (model !== undefined) {
    const files = await modelHashes(model, onProgress);
    hashes.push(["model", createHash("sha256").update(JSON.stringify(files)).digest("hex")]);
  }
  for (const [name, input, use] of [
    ["data", data, "training"],
    ["validation", validation, "validation"],
  ] as const) {
    const hash = await rowsHash(input, use).catch(unlessMissing);
    if (hash !== null) hashes.push([name, hash]);
  }
  const mpi = isMpi(collective) ? [["MPI", collective.version.replaceAll(/\s+/g, " ")] as const] : [];
  return {
    host: hostname(),
    alike: Object.fromEntries([
      ["Node", process.version],
      ["Lathe", versionsOf("@lathe/")],
      ["TensorFlow.js", versionsOf("@tensorflow/")],
      ...mpi,
      ...hashes,
    ]),
  };
}

/** Rows that are not there are said to be so by what reads them. */
function unlessMissing(error: unknown): null {
  if (error instanceof FileError) return null;
  throw error;
}

const isMpi = (collective: Collective): collective is MpiCollective => "version" in collective;
