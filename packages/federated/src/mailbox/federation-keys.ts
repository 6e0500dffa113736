import { roundName } from "../rounds/round-name.js";

/** Where things of a federation lie in its mailbox. */
export const federationKeys = {
  /** What the federation is and how its clients learn. */
  federation: "federation.json",
  /** The adapter that clients of a round begin with. */
  start: (round: number): string => `rounds/${roundName(round)}/start`,
  /** Updates of the clients of a round, by their names. */
  updates: (round: number): string => `rounds/${roundName(round)}/updates`,
  /** The update of a client. */
  update: (round: number, client: string): string => `${federationKeys.updates(round)}/${client}`,
  /** What became of a round. */
  closed: (round: number): string => `rounds/${roundName(round)}/closed.json`,
  /** The adapter after the last round. */
  result: "result",
} as const;
