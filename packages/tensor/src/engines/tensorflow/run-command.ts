import { spawn } from "node:child_process";
import type { Environment } from "./cache-folder.js";

/** What a command did. */
export interface CommandResult {
  /** Null when it did not start or was ended by a signal. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command without a shell and collects what it writes. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly environment?: Environment;
    readonly signal?: AbortSignal | undefined;
    readonly cwd?: string;
  } = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  return await new Promise((settle, fail) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: options.environment ?? process.env,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const parts = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (parts.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (parts.stderr += chunk.toString()));
    child.on("error", (error) => {
      if (options.signal?.aborted) fail(error);
      else settle({ code: null, signal: null, ...parts, stderr: error.message });
    });
    child.on("close", (code, signal) => {
      settle({ code, signal, ...parts });
    });
  });
}
