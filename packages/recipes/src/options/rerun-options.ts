import { option } from "@lathe/files";
import { z } from "zod";
import { modelPath, rowsPath } from "./path-options.js";

const path = z.string().min(1);

/** What is trained again, and where it is found. */
export const rerunOptions = z.object({
  report: option(path, "the report.json of a complete run", { placeholder: "file" }),
  output: option(path, "folder of the new run", { placeholder: "dir" }),
  model: option(path.optional(), "base model, where it is no longer where it was", modelPath),
  data: option(path.optional(), "rows, likewise", rowsPath()),
  validation: option(path.optional(), "its rows to evaluate on, likewise", rowsPath("validation")),
});
