import { EXIT_DONE, EXIT_FAILED } from "@lathe/command";
import { tellResumes, verifyResume, type VerifyResumeOptions } from "@lathe/recipes";
import { verifyResumeOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Trains the first steps of a run without a stop, and again in processes that are killed at random moments and resumed, and compares weights, moments and metrics bit by bit. All in temporary folders.",
  examples: [
    "lathe verify-resume --config run.yaml",
    "lathe verify-resume --config run.yaml --kills 20 --json",
  ],
  options: verifyResumeOptions,
  async run(_values, { recipeOptions }) {
    const found = await verifyResume(recipeOptions<VerifyResumeOptions>());
    const { kills, equal, difference } = found;
    return {
      json: { kills, equal, ...(difference === null ? {} : { difference }) },
      text: tellResumes(found),
      exitCode: difference === null ? EXIT_DONE : EXIT_FAILED,
    };
  },
});
