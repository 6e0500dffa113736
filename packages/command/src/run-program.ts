import { systemReason } from "@lathe/files";
import { partedWords } from "./command-line.js";
import { commandName } from "./command-name.js";
import type { CommandMessages } from "./command-messages.js";
import { EXIT_FAILED, EXIT_INTERRUPTED } from "./failure.js";
import type { Program } from "./program.js";
import { runCommandLine } from "./run-command-line.js";

/** What a program is started from. */
export interface ProgramStart {
  /** Package that it is published in. */
  readonly packageName: string;
  /** Absolute path of the file that Node runs. */
  readonly main: string;
  /** Ends the process at once. @param code that of the process so far, unless given */
  exit(code?: number): void;
}

/** EIO is what a terminal that has closed answers: the work goes on to its checkpoint without one. */
const isTerminalGone = ({ code }: NodeJS.ErrnoException): boolean => code === "EIO";

/**
 * Runs a program as the process that it is called in: with its words, streams and environment. SIGINT, SIGTERM, SIGHUP and SIGUSR2,
 * which launchers of ranks pass on, interrupt the verb; a second one of the first two ends the process at once. An output that is closed early, as by `head`, ends it in silence.
 *
 * @returns the exit code
 */
export async function runProgram<Messages extends CommandMessages>(
  program: Program<Messages>,
  { packageName, main, exit }: ProgramStart,
): Promise<number> {
  const { argv, env, stdout, stderr } = process;
  const words = argv.slice(2);
  const messages = program.languages[program.languageOfWords(partedWords(words).own, env)];

  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
    process.on(name, () => {
      if (!interrupt.signal.aborted) {
        stderr.write(`\n${messages.interrupting}\n`);
        interrupt.abort();
      } else if (name === "SIGINT" || name === "SIGTERM") {
        // A terminal that closes may say so twice, by its shell and by the system; a person who asks twice means it.
        exit(EXIT_INTERRUPTED);
      }
    });
  }

  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return exit();
    if (isTerminalGone(error)) return;
    stderr.write(`${program.name}: ${messages.outputFault(systemReason(error))}\n`);
    exit(EXIT_FAILED);
  });
  // What is said on the way is not worth ending the work for.
  stderr.on("error", () => undefined);

  const command = commandName({ name: program.name, packageName, main, cwd: process.cwd(), env });
  return runCommandLine({ ...program, command }, words, process, interrupt.signal);
}
