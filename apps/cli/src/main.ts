#!/usr/bin/env node
import { EXIT_INTERRUPTED } from "./framework/failure.js";
import { messagesIn, systemLanguage } from "./framework/messages.js";
import { runCommandLine } from "./framework/run.js";
import { verbs } from "./verbs/index.js";

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
    process.stderr.write(`\n${messagesIn(systemLanguage(process.env)).interrupting}\n`);
    interrupt.abort();
  });
}
// Whoever reads the output may stop early, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

process.exitCode = await runCommandLine(verbs, process.argv.slice(2), process, interrupt.signal);
