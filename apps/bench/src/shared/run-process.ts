import { type ChildProcess, spawn } from "node:child_process";

/** How a process ended: by itself with a code, by a signal, or because its time was over. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** When it was started, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly stdout: string;
  /** Empty where it was passed on. */
  readonly stderr: string;
}

/** How {@link runProcess} runs a process. */
export interface RunProcessOptions {
  /** Seconds after which the process and those it has started are ended; none if left out. */
  readonly timeout?: number | undefined;
  /** Whether stderr is passed on to this process's, or collected. @defaultValue "collect" */
  readonly stderr?: "inherit" | "collect";
}

/** Processes under way; they do not outlive this one. */
const running = new Set<ChildProcess>();

/** Ends a process together with its own, such as the workers of a compiler. */
function end(child: ChildProcess): void {
  try {
    if (process.platform === "win32" || child.pid === undefined) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** Ends every process that is still under way. */
export function endProcesses(): void {
  for (const child of running) end(child);
}

/** Runs a program to its end. @throws Error when it cannot be started */
export function runProcess(
  program: string,
  args: readonly string[],
  options: RunProcessOptions = {},
): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.timeOrigin + performance.now();
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", options.stderr === "inherit" ? "inherit" : "pipe"],
      detached: process.platform !== "win32",
    });
    running.add(child);
    let [stdout, stderr] = ["", ""];
    let timedOut = false;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const timer =
      options.timeout === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            end(child);
          }, options.timeout * 1000);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      running.delete(child);
      finish();
    };
    child.on("error", (error) => {
      settle(() => {
        reject(error);
      });
    });
    child.on("close", (code, signal) => {
      settle(() => {
        resolve({ code, signal, timedOut, startedAt, stdout, stderr });
      });
    });
  });
}

/** The last line of an output as a JSON object, or null where it is none. */
export function lastJsonObject(output: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
