import cliProgress from "cli-progress";
import type { Io } from "./io.js";
import type { Messages } from "./messages.js";

/** What is shown of a longer work. */
export interface ProgressOptions {
  readonly label: string;
  /** Units done before this work began, e.g. steps of an earlier run. @defaultValue 0 */
  readonly start?: number;
  /** Where no bar can be drawn: units between two lines. Without it, a line every few seconds. */
  readonly every?: number;
}

/** Shows how far a work is: a bar on a terminal, plain lines elsewhere. */
export interface Progress {
  /**
   * @param done units of work done   @param total units in all
   * @param details said beside the number, e.g. the loss
   */
  update(done: number, total: number, details?: string): void;
  /** Says something on a line of its own, above the bar. */
  note(text: string): void;
  /** Takes the bar away; the next update brings it back. */
  end(): void;
}

const SILENT_MS = 2000; // what is over sooner needs no bar
const LINE_MS = 5000; // between two lines without `every`
const BAR_FORMAT = "{label} {bar} {value}/{total}{details}{left}";

/** 75 → "1:15" */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** 1536000 → "1.5 MB" */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[power]}`;
}

/** Starts to show a work. */
export function startProgress(
  { stderr }: Pick<Io, "stderr">,
  messages: Messages,
  { label, start = 0, every }: ProgressOptions,
): Progress {
  const begun = performance.now();
  let lastLine = begun;
  let bar: cliProgress.SingleBar | null = null;

  const left = (done: number, total: number): string => {
    const seconds = (performance.now() - begun) / 1000;
    if (done <= start || done >= total || seconds < 1) return "";
    return ` · ${messages.timeLeft(formatDuration((seconds / (done - start)) * (total - done)))}`;
  };
  const line = (done: number, total: number, details: string): void => {
    stderr.write(`${label} ${done}/${total}${details}${left(done, total)}\n`);
    lastLine = performance.now();
  };
  const drawBar = (done: number, total: number, details: string): void => {
    const payload = { label, details, left: left(done, total) };
    if (!bar) {
      bar = new cliProgress.SingleBar(
        { stream: stderr, format: BAR_FORMAT, barsize: 24, hideCursor: true, clearOnComplete: true, fps: 8 },
        cliProgress.Presets.shades_classic,
      );
      bar.start(total, done, payload);
    }
    bar.update(done, payload);
  };

  const end = (): void => {
    bar?.stop();
    bar = null;
  };

  return {
    update(done, total, text = "") {
      const details = text === "" ? "" : ` · ${text}`;
      const now = performance.now();
      if (stderr.isTTY) {
        if (every !== undefined || now - begun >= SILENT_MS) drawBar(done, total, details);
      } else if (every !== undefined) {
        if (done === total || done === start + 1 || done % every === 0) line(done, total, details);
      } else if (now - begun >= SILENT_MS && (now - lastLine >= LINE_MS || done === total)) {
        line(done, total, details);
      }
    },
    note(text) {
      end();
      stderr.write(`${text}\n`);
    },
    end,
  };
}
