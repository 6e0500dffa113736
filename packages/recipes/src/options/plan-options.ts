import { option } from "@lathe/files";
import { z } from "zod";
import { rowsPath } from "./path-options.js";
import { triedRunOptions } from "./tried-run-options.js";

/** A run to plan, and what machine it is for. */
export const planOptions = z.object({
  card: option(
    z.string().min(1).optional(),
    "graphics card to plan for, such as rtx3060-12gb, in place of --memory",
    { placeholder: "name" },
  ),
  disk: option(
    z.string().min(1).optional(),
    "how fast the disk is, such as 3GB/s: says how long weights and checkpoints take",
    { placeholder: "rate" },
  ),
  ranks: option(z.int().min(1).optional(), "ranks that are to share the steps, of which one is planned", {
    defaultText: "1",
  }),
  ...triedRunOptions,
  data: option(
    z.string().min(1).optional(),
    "rows to learn, as for train; without them, rows of --max-tokens tokens are planned, 512 unless given",
    rowsPath(),
  ),
});
