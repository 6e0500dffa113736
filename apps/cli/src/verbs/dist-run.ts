import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, UsageError } from "@lathe/command";
import { findLauncher, keepLaunched, type KeptLaunched, tellLaunchEvent } from "@lathe/distributed";
import { phrase, sayPhrase } from "@lathe/files";
import { launchedRun, readPlaces, type RunBeginning } from "@lathe/recipes";
import { launchRunOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";
import { readTrainWords } from "../train-words.js";

const exitCodes: Readonly<Record<KeptLaunched["outcome"], number>> = {
  done: EXIT_DONE,
  interrupted: EXIT_INTERRUPTED,
  refused: EXIT_USAGE,
  "given-up": EXIT_FAILED,
  away: EXIT_FAILED,
};

/** Words of `train` as they go on after an end that nobody asked for; the last of contrary flags counts. */
const endings: Readonly<Record<RunBeginning, readonly string[]>> = {
  "as-asked": [],
  resume: ["--no-overwrite", "--resume"],
  anew: ["--no-resume", "--overwrite"],
};

export const verb = defineVerb({
  description:
    "Starts the ranks of a run, on this machine or on several that ssh reaches without a password, with the same paths and versions on all. Where a rank or its machine ends, the others end with it within seconds, and the run goes on from its newest checkpoint, without machines that no longer answer. The run is done when its first rank has written RUN/DONE. Ctrl-C lets all ranks write a checkpoint.",
  examples: [
    "lathe dist run --ranks 2 -- train --config run.yaml --output runs/two",
    "lathe dist run --hosts anna:1,berta:1 --interface eth0 -- train --config run.yaml --output runs/two",
  ],
  options: launchRunOptions,
  rest: "words",
  async run(values, { io, json, messages, note, warn, read, signal }) {
    const { words, restarts } = values;
    const { output, overwrite, resume } = await readTrainWords(words, "dist run", { read });
    if (overwrite && values.continue) {
      const sentence = phrase`${"--continue"} goes on with a run and ${"--overwrite"} of train replaces it: give one of them`;
      throw new UsageError([sentence], "dist run");
    }
    const places = await readPlaces(values, io.env);
    const work = await launchedRun({
      output,
      overwrite,
      goesOn: values.continue,
      resumes: resume,
      program: (beginning) => [process.execPath, process.argv[1], ...words, ...endings[beginning]],
    });
    const kept = await keepLaunched({
      ...places,
      launcher: await findLauncher(places.launcher, io.env),
      restarts,
      work,
      environment: io.env,
      signal,
      stdout: json ? "stderr" : "inherit",
      onEvent(event) {
        const { isWarning, sentence } = tellLaunchEvent(event);
        (isWarning ? warn : note)(sayPhrase(sentence, messages.phrases));
      },
    });
    // What came of the run is said by its first rank.
    return { json: { ...kept, run: output }, text: "", exitCode: exitCodes[kept.outcome] };
  },
});
