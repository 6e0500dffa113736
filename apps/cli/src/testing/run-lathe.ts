import { Readable, Writable } from "node:stream";
import { runCommandLine } from "@lathe/command";
import { program } from "../program.js";

/** What a command line did. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout, read as JSON; null where it is none. */
  readonly json: Record<string, unknown> | null;
}

function collector(): { readonly stream: Writable; readonly text: () => string } {
  const parts: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(chunk.toString());
      done();
    },
  });
  return { stream, text: () => parts.join("") };
}

function lastJson(stdout: string): Record<string, unknown> | null {
  try {
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Runs a command line in this process, piped at both ends. */
export async function runLathe(
  words: readonly string[],
  {
    stdin = "",
    env = {},
    signal = new AbortController().signal,
  }: { readonly stdin?: string; readonly env?: Record<string, string>; readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  const [stdout, stderr] = [collector(), collector()];
  const io = { stdin: Readable.from([stdin]), stdout: stdout.stream, stderr: stderr.stream, env };
  const code = await runCommandLine(program, words, io, signal);
  return { code, stdout: stdout.text(), stderr: stderr.text(), json: lastJson(stdout.text()) };
}
