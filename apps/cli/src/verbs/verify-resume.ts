import { EXIT_DONE, EXIT_FAILED, option, type VerbResult } from "@lathe/command";
import { type ResumeVerification, verifyResume, type VerifyResumeOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { triedRunOptions } from "../options/tried-run-options.js";

const options = z.object({
  kills: option(z.int().min(1).default(5), "how often the run is killed"),
  steps: option(z.int().min(1).default(8), "first steps of the run that are tried", {
    unit: "optimiser steps",
  }),
  killSeed: option(z.int().min(0).default(0), "moments of the kills follow from it"),
  ...triedRunOptions,
});

/** What the command says and ends with. */
export function verificationResult(
  { kills, equal, steps, difference }: ResumeVerification,
  messages: Messages,
): VerbResult {
  if (difference === null) {
    return { json: { kills, equal }, text: messages.resumesEqual(steps, kills), exitCode: EXIT_DONE };
  }
  const { file, place } = difference;
  return {
    json: { kills, equal, difference },
    text: messages.resumesDifferent(kills, place === null ? file : `${file}: ${place}`),
    exitCode: EXIT_FAILED,
  };
}

export const verb = defineVerb({
  description:
    "Trains the first steps of a run without a stop, and again in processes that are killed at random moments and resumed, and compares weights, moments and metrics bit by bit. All in temporary folders.",
  examples: [
    "lathe verify-resume --config run.yaml",
    "lathe verify-resume --config run.yaml --kills 20 --json",
  ],
  options,
  async run(_values, { messages, recipeOptions }) {
    return verificationResult(await verifyResume(recipeOptions<VerifyResumeOptions>()), messages);
  },
});
