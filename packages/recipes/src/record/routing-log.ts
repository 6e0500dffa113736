import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileFaults, isRecord, phrase, readJsonIfThere } from "@lathe/files";
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

/** Counts which experts the tokens of a run go to, over interruptions of it; checkpoints keep the counts. */
export class RoutingLog implements StatePart {
  readonly #counts = new Map<number, Float64Array>();

  /** Takes the choices of a pass; see `onRouting` of a `LanguageModel`. */
  add(layer: number, chosen: Int32Array, expertCount: number): void {
    const counts = this.#counts.get(layer) ?? new Float64Array(expertCount);
    this.#counts.set(layer, counts);
    for (const expert of chosen) counts[expert]++;
  }

  /** By layer, in order; empty for a model without experts. */
  report(): LayerRouting[] {
    return [...this.#counts].sort(([a], [b]) => a - b).map(([layer, counts]) => routingOf(layer, counts));
  }

  /** Writes the counts into a checkpoint; nothing where there are none. */
  async save(folder: string): Promise<void> {
    if (this.#counts.size === 0) return;
    const layers = Object.fromEntries(Array.from(this.#counts, ([layer, counts]) => [layer, [...counts]]));
    await writeFile(join(folder, ROUTING_FILE), `${JSON.stringify(layers)}\n`);
  }

  /** Goes on from the counts of a checkpoint. @throws FileError where they are none */
  async load(folder: string): Promise<void> {
    const path = join(folder, ROUTING_FILE);
    const value = await readJsonIfThere(path, { limit: ROUTING_BYTES_LIMIT });
    this.#counts.clear();
    if (value === undefined) return;
    if (!isRecord(value)) throw fileFaults(path)("a JSON object", typeof value);
    for (const [layer, counts] of Object.entries(value)) {
      const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0;
      if (!/^\d{1,6}$/.test(layer) || !Array.isArray(counts) || !counts.every(isCount)) {
        throw fileFaults(path)(phrase`counts of experts by the number of the layer`, layer.slice(0, 100));
      }
      this.#counts.set(Number(layer), Float64Array.from(counts as number[]));
    }
  }
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
