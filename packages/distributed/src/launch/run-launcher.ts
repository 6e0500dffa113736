import { spawn } from "node:child_process";
import { phrase } from "@lathe/files";
import type { LaunchCommand } from "./launch-command.js";
import { LaunchError } from "./launch-error.js";

/** How a launcher is run. */
export interface RunLauncherOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What becomes of what ranks write to stdout: it goes where this process writes, or to its stderr, or is kept. */
  readonly stdout: "inherit" | "stderr" | "keep";
  /** Asks all ranks to finish up; aborted before, nothing is started. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds that ranks have to finish up when they are asked to, after which the launcher is ended. @defaultValue no limit */
  readonly finishSeconds?: number | undefined;
  /** Seconds after which the launcher is ended. @defaultValue no limit */
  readonly limitSeconds?: number | undefined;
  /** Seconds that a launcher has to end its ranks before it is killed. @defaultValue 10 */
  readonly endSeconds?: number | undefined;
}

/** What a launcher came to. */
export interface LauncherEnd {
  /** Its exit code; null where a signal ended it, or it was not started. */
  readonly code: number | null;
  readonly signal: string | null;
  /** What ranks wrote, where it is kept. */
  readonly stdout: string;
}

/** Number of the file that is this process's stderr. */
const STDERR = 2;

/** Characters of kept output; what comes after is dropped. */
const MOST_KEPT = 10_000_000;

/** Launchers end their ranks within seconds, on machines that are gone as well. */
const END_SECONDS = 10;

/**
 * Runs a launcher to its end. It has a session of its own, so that Ctrl-C reaches it through this process alone, which passes on the signal
 * that the launcher waits for; where this process ends early the launcher is ended with it.
 * @throws LaunchError where it cannot be started
 */
export async function runLauncher(
  { file, words, environment: added, interrupt }: LaunchCommand,
  { environment, stdout, signal, finishSeconds, limitSeconds, endSeconds = END_SECONDS }: RunLauncherOptions,
): Promise<LauncherEnd> {
  if (signal?.aborted) return { code: null, signal: null, stdout: "" };
  const output = { inherit: "inherit", stderr: STDERR, keep: "pipe" } as const;
  const child = spawn(file, [...words], {
    stdio: ["ignore", output[stdout], "inherit"],
    env: { ...environment, ...added },
    detached: true,
  });
  let kept = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    if (kept.length < MOST_KEPT) kept += chunk.toString();
  });
  const timers: NodeJS.Timeout[] = [];
  const after = (seconds: number, work: () => void): void =>
    void timers.push(setTimeout(work, seconds * 1000));
  const endWithThis = (): void => void child.kill("SIGTERM");
  const end = (): void => {
    endWithThis();
    after(endSeconds, () => child.kill("SIGKILL"));
  };
  const ask = (): void => {
    child.kill(interrupt);
    if (finishSeconds !== undefined) after(finishSeconds, end);
  };
  process.on("exit", endWithThis);
  signal?.addEventListener("abort", ask, { once: true });
  if (limitSeconds !== undefined) after(limitSeconds, end);
  try {
    return await new Promise<LauncherEnd>((resolve, reject) => {
      child.on("error", (cause) => {
        reject(new LaunchError("launcher", phrase`${file} cannot be started: “${cause.message}”`, { cause }));
      });
      // Ranks that outlive their launcher may hold its pipes open, so that its own end counts; what is kept is waited for a moment more.
      child.on("exit", (code: number | null, by: NodeJS.Signals | null) => {
        const finished = (): void => {
          resolve({ code, signal: by, stdout: kept });
        };
        if (stdout !== "keep") return finished();
        child.on("close", finished);
        after(endSeconds, finished);
      });
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    child.stdout?.destroy();
    process.off("exit", endWithThis);
    signal?.removeEventListener("abort", ask);
  }
}
