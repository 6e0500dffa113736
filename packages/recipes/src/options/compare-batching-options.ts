import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { learntRowOptions } from "./learnt-options.js";
import { dataOption, modelOption } from "./model-options.js";

/** Which rows are trained on in two ways. */
export const compareBatchingOptions = z.object({
  model: modelOption(),
  data: dataOption("rows to learn, as for train"),
  ...learntRowOptions(),
  ...engineOptions,
});
