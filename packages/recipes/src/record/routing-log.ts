import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Collective } from "@lathe/distributed";
import { fileFaults, isRecord, parseJson, phrase, readJsonIfThere } from "@lathe/files";
import type { StatePart } from "@lathe/train";

const ROUTING_FILE = "routing.json";

/** Far above what hundreds of layers of hundreds of experts take. */
const ROUTING_BYTES_LIMIT = 100_000_000;

/** Where the tokens of a layer with a mixture of experts went in training. */
export interface LayerRouting {
  readonly layer: number;
  /** Times that an expert was given a token, by expert: no gradient ever came to one with 0. */
  readonly counts: readonly number[];
  /** Experts that were never given a token. */
  readonly unused: number;
  /** Share of all times that the most used expert has. */
  readonly largestShare: number;
  /** Entropy of the shares over that of equal ones: 1 where tokens are routed evenly, 0 where one expert has them all. */
  readonly evenness: number;
}

/** By layer, how often each expert was given a token. */
type Counts = Map<number, Float64Array>;

/**
 * Counts which experts the tokens of a run go to, over interruptions of it; checkpoints keep the counts. Where several ranks share the
 * run, all of them save or follow, and ask for the report, at the same time.
 */
export class RoutingLog implements StatePart {
  /** What a checkpoint had, of all ranks. */
  readonly #earlier: Counts = new Map();
  /** What this process has seen since. */
  readonly #own: Counts = new Map();
  /** What other ranks do while one saves; only where there are others. */
  readonly follow?: () => Promise<void>;

  /**
   * @param ranks that share the run, more than one; null for this process by itself
   * @param groupSize how many of them after one another see the same tokens
   */
  constructor(
    private readonly ranks: Collective | null = null,
    private readonly groupSize = 1,
  ) {
    if (ranks) {
      this.follow = async () => {
        await this.#all();
      };
    }
  }

  /** Takes the choices of a pass; see `onRouting` of a `LanguageModel`. */
  add(layer: number, chosen: Int32Array, expertCount: number): void {
    const counts = this.#own.get(layer) ?? new Float64Array(expertCount);
    this.#own.set(layer, counts);
    for (const expert of chosen) counts[expert]++;
  }

  /** By layer, in order; empty for a model without experts. */
  async report(): Promise<LayerRouting[]> {
    const all = await this.#all();
    return [...all].sort(([a], [b]) => a - b).map(([layer, counts]) => routingOf(layer, counts));
  }

  /** Writes the counts into a checkpoint; nothing where there are none. */
  async save(folder: string): Promise<void> {
    const all = await this.#all();
    if (all.size > 0) await writeFile(join(folder, ROUTING_FILE), textOf(all));
  }

  /** What all ranks have counted. */
  async #all(): Promise<Counts> {
    const all: Counts = new Map();
    addCounts(all, this.#earlier);
    if (!this.ranks) {
      addCounts(all, this.#own);
      return all;
    }
    const texts = await this.ranks.allGather(new TextEncoder().encode(textOf(this.#own)));
    for (const text of texts.filter((_, rank) => rank % this.groupSize === 0))
      addCounts(all, countsOf(parseJson(new TextDecoder().decode(text)), ROUTING_FILE));
    return all;
  }

  /** Goes on from the counts of a checkpoint. @throws FileError where they are none */
  async load(folder: string): Promise<void> {
    const path = join(folder, ROUTING_FILE);
    const value = await readJsonIfThere(path, { limit: ROUTING_BYTES_LIMIT });
    this.#earlier.clear();
    this.#own.clear();
    if (value !== undefined) addCounts(this.#earlier, countsOf(value, path));
  }
}

function addCounts(sums: Counts, more: Counts): void {
  for (const [layer, counts] of more) {
    const before = sums.get(layer);
    sums.set(layer, before ? before.map((sum, expert) => sum + counts[expert]) : counts);
  }
}

const textOf = (all: Counts): string =>
  `${JSON.stringify(Object.fromEntries(Array.from(all, ([layer, counts]) => [layer, [...counts]])))}\n`;

/** @param path of the file that they are of   @throws FileError where they are no counts */
function countsOf(value: unknown, path: string): Counts {
  if (!isRecord(value)) throw fileFaults(path)("a JSON object", typeof value);
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0;
  return new Map(
    Object.entries(value).map(([layer, counts]) => {
      if (!/^\d{1,6}$/.test(layer) || !Array.isArray(counts) || !counts.every(isCount)) {
        throw fileFaults(path)(phrase`counts of experts by the number of the layer`, layer.slice(0, 100));
      }
      return [Number(layer), Float64Array.from(counts as number[])];
    }),
  );
}

function routingOf(layer: number, counts: Float64Array): LayerRouting {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shares = Array.from(counts, (count) => count / total);
  const entropy = shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return {
    layer,
    counts: [...counts],
    unused: counts.filter((count) => count === 0).length,
    largestShare: Math.max(...shares),
    evenness: counts.length > 1 ? entropy / Math.log(counts.length) : 1,
  };
}
