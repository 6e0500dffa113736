import { asPhrase, isRecord, parseJson } from "@lathe/files";
import type { Collective } from "../collective.js";
import { CollectiveError } from "../collective-error.js";

/** What a rank says of itself: versions, hashes and the like, each under a name. */
export interface RankFacts {
  readonly host: string;
  /** What must be the same on all ranks, by name. */
  readonly alike: Readonly<Record<string, string>>;
}

/** What ranks say of themselves and how long they take to add up. */
export interface RanksProbe {
  /** By rank. */
  readonly ranks: readonly RankFacts[];
  /** Bytes that were added up at once. */
  readonly bytes: number;
  /** Seconds that it took, the median of several. */
  readonly seconds: number;
  /** Seconds of a sum of one number, the median likewise. */
  readonly leastSeconds: number;
}

/** Gradients of an adapter for a model of some 7B. */
const BYTES = 10_000_000;
const ROUNDS = 7;

/**
 * Lets ranks tell each other of themselves, and times a sum of 10 MB over all of them. All ranks call it.
 * @throws CollectiveError where ranks do not come together
 */
export async function probeRanks(collective: Collective, own: RankFacts): Promise<RanksProbe> {
  const texts = await collective.allGather(new TextEncoder().encode(JSON.stringify(own)));
  const ranks = texts.map((text) => factsOf(parseJson(new TextDecoder().decode(text))));
  const seconds = await medianSeconds(collective, new Float32Array(BYTES / Float32Array.BYTES_PER_ELEMENT));
  const leastSeconds = await medianSeconds(collective, new Float32Array(1));
  return { ranks, bytes: BYTES, seconds, leastSeconds };
}

async function medianSeconds(collective: Collective, values: Float32Array): Promise<number> {
  // The first one also opens the connections.
  await collective.allReduce(values);
  const taken: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await collective.barrier();
    const began = performance.now();
    await collective.allReduce(values);
    taken.push((performance.now() - began) / 1000);
  }
  return taken.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}

/** The probe that a rank printed as JSON in the last line of a text; null where there is none. */
export function readRanksProbe(text: string): RanksProbe | null {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) return null;
  try {
    const value = parseJson(line);
    if (!isRecord(value) || !Array.isArray(value["ranks"]) || value["ranks"].length === 0) return null;
    const { bytes, seconds, leastSeconds } = value;
    const isTimed = [bytes, seconds, leastSeconds].every((each) => typeof each === "number");
    if (!isTimed) return null;
    const ranks = value["ranks"].map(factsOf);
    return { ranks, bytes: Number(bytes), seconds: Number(seconds), leastSeconds: Number(leastSeconds) };
  } catch {
    return null;
  }
}

function factsOf(value: unknown): RankFacts {
  if (!isRecord(value) || typeof value["host"] !== "string" || !isRecord(value["alike"])) {
    throw new CollectiveError(
      "arguments",
      asPhrase("expected what a rank says of itself, got something else"),
    );
  }
  const alike = Object.entries(value["alike"]).map(([name, each]) => [name, String(each)]);
  return { host: value["host"], alike: Object.fromEntries(alike) as Record<string, string> };
}
