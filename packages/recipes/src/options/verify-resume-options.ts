import { option } from "@lathe/files";
import { z } from "zod";
import { triedRunOptions } from "./tried-run-options.js";

/** How often a run is killed, and which. */
export const verifyResumeOptions = z.object({
  kills: option(z.int().min(1).default(5), "how often the run is killed"),
  steps: option(z.int().min(1).default(8), "first steps of the run that are tried", {
    unit: "optimiser steps",
  }),
  killSeed: option(z.int().min(0).default(0), "moments of the kills follow from it"),
  ...triedRunOptions,
});
