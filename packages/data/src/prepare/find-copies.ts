import { join } from "node:path";
import { NearDuplicates } from "../near/near-duplicates.js";
import { RecordFile } from "../spill/record-file.js";
import type { IntakeReport } from "./prepare-intake.js";
import type { ResolvedPrepareOptions } from "./prepare-options.js";
import { RowLedger } from "./row-ledger.js";

const COPIES_FILE = "near-copies";
const CLUSTERS_FILE = "near-clusters";

/** Files that {@link findCopies} makes. */
export const COPY_FILES: readonly string[] = [COPIES_FILE, CLUSTERS_FILE];

/** Steps of a similarity, as rows are told of it in hundredths. */
const HUNDREDTHS = 100;

/** What looking for near copies came to. */
export interface CopiesReport {
  /** Clusters of two and more rows. */
  readonly clusters: number;
  /** Rows to be set aside. */
  readonly copies: number;
}

/** A row that is set aside as a near copy of an earlier one. */
export interface NearCopy {
  readonly row: number;
  readonly original: number;
  /** Jaccard similarity of their 5-grams, with two decimals. */
  readonly similarity: string;
}

/** The stage that finds near copies of earlier rows, except within a dialogue, which go; or, where all stay, the clusters of them. */
export async function findCopies(
  options: ResolvedPrepareOptions,
  folder: string,
  { names }: IntakeReport,
): Promise<CopiesReport> {
  const copies = new RecordFile(join(folder, COPIES_FILE), 3);
  const clusters = new RecordFile(join(folder, CLUSTERS_FILE), 2);
  const ledger = new RowLedger(folder, options, names);
  const near =
    options.nearDuplicates === null ? null : new NearDuplicates(folder, options.nearDuplicates, true);
  try {
    const found = near?.find();
    if (near !== null && found !== undefined) {
      options.signal?.throwIfAborted();
      if (options.keepNearDuplicates) {
        for (const [row, cluster] of found.clusterOf.entries())
          if (row !== cluster) clusters.append([row, cluster]);
      } else {
        const copyOf = near.copies(found, (row, earlier) => ledger.isTogether(row, earlier));
        for (const [row, original] of copyOf.entries()) {
          if (original === -1) continue;
          const similarity = Number(near.similarity(row, original).toFixed(2));
          copies.append([row, original, Math.round(similarity * HUNDREDTHS)]);
        }
      }
    }
    copies.save();
    clusters.save();
    return { clusters: found?.clusters ?? 0, copies: copies.size };
  } finally {
    for (const file of [copies, clusters, ledger]) file.close();
    near?.close();
  }
}

/** The rows that are set aside as near copies, ascending. */
export function* readCopies(folder: string): Generator<NearCopy, void, undefined> {
  const file = new RecordFile(join(folder, COPIES_FILE), 3, true);
  try {
    for (let at = 0; at < file.size; at++) {
      const [row, original, hundredths] = file.at(at);
      yield { row, original, similarity: (hundredths / HUNDREDTHS).toFixed(2) };
    }
  } finally {
    file.close();
  }
}

/** Pairs of a row and the first one of its cluster, where near copies stay. */
export function* readClusters(
  folder: string,
): Generator<readonly [row: number, cluster: number], void, undefined> {
  const file = new RecordFile(join(folder, CLUSTERS_FILE), 2, true);
  try {
    for (let at = 0; at < file.size; at++) {
      const [row, cluster] = file.at(at);
      yield [row, cluster];
    }
  } finally {
    file.close();
  }
}
