import { formatDuration } from "@lathe/command";

const MINUTE = 60;

/** Seconds of a step with their unit, in two digits where they are few. */
export function secondsText(seconds: number): string {
  return seconds < MINUTE ? `${+seconds.toPrecision(2)} s` : formatDuration(seconds);
}
