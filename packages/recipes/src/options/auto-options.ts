import { option, optionGroup, parseDuration } from "@lathe/files";
import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { learntRowOptions, rejectLimitOption } from "./learnt-options.js";
import { memoryOption } from "./memory-option.js";
import { dataOption, modelOption } from "./model-options.js";
import { rowsPath } from "./path-options.js";

const { engine, precision } = engineOptions;

/** What settings are looked for with, and for how long. */
export const autoOptions = z.object({
  model: modelOption(),
  data: dataOption("rows to learn, as for train"),
  validation: option(
    z.string().min(1).optional(),
    "rows to compare settings on; without it some of --data are set apart",
    rowsPath("validation"),
  ),
  time: option(z.number().positive(), "how long all of it may take, such as 30m or 1h30m", {
    placeholder: "duration",
    parse: parseDuration,
    expected: "hours, minutes and seconds such as 30m, 1h30m or 90s",
  }),
  output: option(z.string().min(1).default("runs/auto"), "folder of the result", { placeholder: "dir" }),
  overwrite: option(z.boolean().default(false), "replace an earlier result in --output"),
  seed: option(z.int().min(0).default(0), "order of rows, dropout and initial adapter follow from it"),
  ...learntRowOptions(),
  rejectLimit: rejectLimitOption(),
  memory: memoryOption(),
  ...optionGroup("Engine", { engine, precision }),
});
