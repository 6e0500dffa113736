import { SamplingError } from "./sampling-error.js";

/** The text up to the first of the stop texts, or null when none is in it. */
export function cutAtStop(text: string, stop: readonly string[]): string | null {
  let first = -1;
  for (const one of stop) {
    const place = text.indexOf(one);
    if (place >= 0 && (first < 0 || place < first)) first = place;
  }
  return first < 0 ? null : text.slice(0, first);
}

/** How many characters at the end of a text may be the beginning of a stop text. */
function heldBack(text: string, stop: readonly string[]): number {
  let held = 0;
  for (const one of stop) {
    for (let length = Math.min(one.length - 1, text.length); length > held; length--) {
      if (one.startsWith(text.slice(-length))) held = length;
    }
  }
  return held;
}

/** Cuts a text that comes in pieces at the first stop text. */
export interface StopCutter {
  /** Whether a stop text has come; nothing is given out from then on. */
  readonly stopped: boolean;
  /** Takes the next piece; returns the text that is certain by now: no part of a stop text, and maybe nothing. */
  push(piece: string): string;
  /** The text held back, when no more comes. */
  end(): string;
}

/**
 * A cutter whose pieces joined are the text before the first stop text that is complete.
 * @throws SamplingError for an empty stop text
 */
export function createStopCutter(stop: readonly string[]): StopCutter {
  const empty = stop.indexOf("");
  if (empty >= 0) throw new SamplingError(`stop[${empty}]`, "a text of at least one character", "none");
  let held = "";
  let stopped = false;
  return {
    get stopped() {
      return stopped;
    },
    push(piece) {
      if (stopped) return "";
      const text = held + piece;
      const cut = cutAtStop(text, stop);
      stopped = cut !== null;
      held = stopped ? "" : text.slice(text.length - heldBack(text, stop));
      return cut ?? text.slice(0, text.length - held.length);
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}
