#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { commandName, EXIT_FAILED, EXIT_INTERRUPTED, runCommandLine } from "@lathe/command";
import { languageOfWords, messagesByLanguage } from "./messages/language.js";
import { program } from "./program.js";

const words = process.argv.slice(2);
const messages = messagesByLanguage[languageOfWords(words, process.env)];

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    if (!interrupt.signal.aborted) {
      process.stderr.write(`\n${messages.interrupting}\n`);
      interrupt.abort();
    } else if (name !== "SIGHUP") {
      // A terminal that closes may say so twice, by its shell and by the system; a person who asks twice means it.
      process.exit(EXIT_INTERRUPTED);
    }
  });
}

/** EIO is what a terminal that has closed answers: the work goes on to its checkpoint without one. */
const isTerminalGone = ({ code }: NodeJS.ErrnoException): boolean => code === "EIO";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever reads the output may stop early, as `head` does.
  if (error.code === "EPIPE") process.exit();
  if (isTerminalGone(error)) return;
  process.stderr.write(`${program.name}: ${messages.outputFault(error.message)}\n`);
  process.exit(EXIT_FAILED);
});
// What is said on the way is not worth ending the work for.
process.stderr.on("error", () => undefined);

const place = {
  name: program.name,
  packageName: "@lathe/cli",
  main: fileURLToPath(import.meta.url),
  cwd: process.cwd(),
  env: process.env,
};
process.exitCode = await runCommandLine(
  { ...program, command: commandName(place) },
  words,
  process,
  interrupt.signal,
);
