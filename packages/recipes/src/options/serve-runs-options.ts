import { option } from "@lathe/files";
import { z } from "zod";
import { addressOptions } from "./address-options.js";
import { engineOptions } from "./engine-options.js";

const { engine, precision } = engineOptions;

/** What `serveRuns` is asked for, and which runs it shows. */
export const serveRunsOptions = z.object({
  runs: option(z.string().min(1).default("runs"), "folder of runs, or of one", {
    field: null,
    placeholder: "DIR",
  }),
  ...addressOptions,
  open: option(z.boolean().default(true), "open the page in the browser of the system, from a terminal", {
    field: null,
    negated: "print the link alone",
  }),
  engine,
  precision,
});
