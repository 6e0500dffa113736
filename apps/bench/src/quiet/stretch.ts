import type { ProcessorTimes } from "./processor-times.js";

/** What the machine did in a stretch of time besides measuring, as shares of all its processors. */
export interface Stretch {
  readonly seconds: number;
  /** Taken by other programs, and by the system for others. */
  readonly others: number;
  /** Taken by a machine around this one. */
  readonly stolen: number;
}

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
