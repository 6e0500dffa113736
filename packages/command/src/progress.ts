import { formatDuration } from "@lathe/files";
import cliProgress from "cli-progress";
import type { Io } from "./io.js";
import type { CommandMessages } from "./command-messages.js";
import { type ProgressFacts, progressLine, progressText } from "./progress-line.js";

/** What is shown of a longer work. */
export interface ProgressOptions {
  readonly label: string;
  /** Where no bar can be drawn: units between two lines, if they come soon enough. Without it, a line every few seconds. */
  readonly every?: number;
}

/** Shows how far a work is: a bar on a terminal, plain lines elsewhere. Work that is over in a moment shows nothing. */
export interface Progress {
  /**
   * Says how far the work is.
   *
   * @param done units of work done   @param total units in all
   * @param details said beside the number, the most important first, e.g. the loss
   */
  update(this: void, done: number, total: number, ...details: readonly string[]): void;
  /** Says something on a line of its own, above the bar. */
  note(text: string): void;
  /** Takes the bar away. The next update begins anew: time is counted from there. */
  end(): void;
}

const SILENT_MS = 2000; // what is over sooner needs no bar
const LINE_MS = 5000; // between two lines without `every`
const LONGEST_SILENCE_MS = 30_000; // between two lines with it
const NARROWEST_COLUMNS = 40;
const USUAL_COLUMNS = 80;

/** Where a work was when it was first heard of; the time left follows from what came after. */
interface Start {
  readonly done: number;
  readonly time: number;
}

/** Starts to show a work. */
export function startProgress(
  { stderr }: Pick<Io, "stderr">,
  messages: Pick<CommandMessages, "timeLeft">,
  { label, every }: ProgressOptions,
): Progress {
  let start: Start | null = null;
  let lastLine = -Infinity;
  let lastText = "";
  let bar: cliProgress.SingleBar | null = null;

  const hideBar = (): void => {
    bar?.stop();
    bar = null;
  };
  const timeLeft = ({ done: first, time }: Start, done: number, total: number): string => {
    const seconds = (performance.now() - time) / 1000;
    if (done <= first || done >= total || seconds < 1) return "";
    return messages.timeLeft(formatDuration((seconds / (done - first)) * (total - done)));
  };
  const draw = (value: number, total: number, facts: ProgressFacts): void => {
    if (!bar) {
      bar = new cliProgress.SingleBar(
        {
          stream: stderr,
          format: (options, { progress }, shown: { readonly facts: ProgressFacts }) => {
            const columns = Math.max(NARROWEST_COLUMNS, stderr.columns ?? USUAL_COLUMNS);
            return progressLine(shown.facts, columns, (width) =>
              cliProgress.Format.BarFormat(progress, { ...options, barsize: width }),
            );
          },
          fps: 8,
          hideCursor: true,
          clearOnComplete: true,
        },
        cliProgress.Presets.shades_classic,
      );
      bar.start(total, value, { facts });
    }
    bar.setTotal(total);
    bar.update(value, { facts });
  };
  /** Whether a line is due where no bar can be drawn. */
  const isLineDue = (first: Start, done: number, total: number, now: number): boolean => {
    if (every !== undefined && (done === first.done || done === total || done % every === 0)) return true;
    if (every !== undefined) return now - lastLine >= LONGEST_SILENCE_MS;
    return now - first.time >= SILENT_MS && (now - lastLine >= LINE_MS || done === total);
  };

  return {
    update(done, total, ...details) {
      const now = performance.now();
      start ??= { done, time: now };
      const value = Math.floor(done);
      const facts = { label, count: `${value}/${total}`, details, left: timeLeft(start, done, total) };
      if (stderr.isTTY) {
        if (every !== undefined || now - start.time >= SILENT_MS) draw(value, total, facts);
      } else if (isLineDue(start, done, total, now)) {
        const text = progressText(facts);
        // A work may say more than once that it has come to its end.
        if (text !== lastText) stderr.write(`${text}\n`);
        lastText = text;
        lastLine = now;
      }
    },
    note(text) {
      hideBar();
      stderr.write(`${text}\n`);
    },
    end() {
      hideBar();
      start = null;
      lastText = "";
    },
  };
}
