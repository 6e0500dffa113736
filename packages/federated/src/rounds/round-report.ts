import type { Phrase } from "@lathe/files";
import type { AggregatedClient } from "../aggregate/aggregate.js";
import type { UpdateFault } from "../updates/update-error.js";

/** An update that was not taken. */
export interface RefusedUpdate {
  readonly client: string;
  readonly fault: UpdateFault;
  /** In English, without a path of the coordinator's machine: others are told too. */
  readonly reason: string;
  /** The reason, for whoever says it in another language. */
  readonly phrase: Phrase;
}

/** What became of a round: plain data, fit for JSON. */
export interface RoundReport {
  readonly round: number;
  /** The clients whose updates were taken. */
  readonly clients: readonly AggregatedClient[];
  readonly refused: readonly RefusedUpdate[];
  /** Updates that were whole and in time, of which those that were not drawn are left out of `clients`. */
  readonly delivered: number;
  /** Standard deviation of the noise on each number. */
  readonly noise: number;
  /** ε after this round, for the `delta` of the settings; null where nothing is promised. */
  readonly epsilon: number | null;
  readonly seconds: number;
}

/** How an open round stands. */
export interface RoundStanding {
  readonly round: number;
  /** Clients whose updates are here and whole. */
  readonly taken: readonly string[];
  readonly refused: readonly RefusedUpdate[];
  /** Clients whose updates are on the way: files are missing or not whole yet. */
  readonly pending: readonly string[];
  /** Clients that delivered to the round before when it was closed already. */
  readonly late: readonly string[];
  /** Whether the round can be closed: all are here, or the time is up and enough are. */
  readonly isDue: boolean;
  /** Seconds until the time is up; 0 when it is. */
  readonly secondsLeft: number;
}
