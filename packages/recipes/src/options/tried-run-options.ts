import { option } from "@lathe/files";
import { z } from "zod";
import { dataOption, modelOption } from "./model-options.js";
import { trainOptions } from "./train-options.js";

const { resume: _resume, onOutOfMemory: _onOutOfMemory, ...settings } = trainOptions.shape;

/** The options of a run that is looked at or tried and never written: those of `train`, whose places are left alone. */
export const triedRunOptions = {
  ...settings,
  model: modelOption(),
  data: dataOption("rows to learn, as for train"),
  output: option(z.string().optional(), "may be in the config file, and is left alone", {
    placeholder: "dir",
    field: null,
  }),
  overwrite: option(z.boolean().default(false), "likewise", { field: null }),
};
