import type { ProcessorTimes } from "./processor-times.js";

/** What the machine did in a stretch of time besides measuring, as shares of all its processors. */
export interface Stretch {
  readonly seconds: number;
  /** Taken by other programs, and by the system for others. */
  readonly others: number;
  /** Taken by a machine around this one. */
  readonly stolen: number;
}

/** Shares of all processors that a stretch may lose for its times to be quoted. */
export const bounds = { others: 0.03, stolen: 0.02 } as const;

/** Whether others took little enough for times to be quoted. */
export function isQuietStretch({ others, stolen }: Pick<Stretch, "others" | "stolen">): boolean {
  return others <= bounds.others && stolen <= bounds.stolen;
}

/** A share as people read it. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** What happened between two moments. @param cores processors of the machine */
export function stretchBetween(before: ProcessorTimes, after: ProcessorTimes, cores: number): Stretch {
  const seconds = after.at - before.at;
  const whole = Math.max(seconds, 1e-3) * cores;
  const others = after.busy - before.busy - (after.own - before.own);
  return {
    seconds,
    // Ticks of different counters do not fall together, so that a difference may be below nothing.
    others: Math.max(0, others) / whole,
    stolen: Math.max(0, after.stolen - before.stolen) / whole,
  };
}
