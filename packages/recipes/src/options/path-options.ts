import type { OptionDetails } from "@lathe/files";

/** Details of an option for a path: what has to lie there. */
type PathDetails = Required<Pick<OptionDetails, "placeholder" | "path">>;

/** Of an option for a model folder. */
export const modelPath: PathDetails = { placeholder: "dir", path: { kind: "model" } };

/** Of an option for an adapter folder. */
export const adapterPath: PathDetails = { placeholder: "dir", path: { kind: "adapter" } };

/** Of an option for files of rows, folders of them or patterns. */
export const inputsPath: PathDetails = { placeholder: "file", path: { kind: "inputs" } };

/** Of an option for rows: a file, a folder or a pattern. @param split that is meant of a folder whose files are named by splits */
export const rowsPath = (split = "train"): PathDetails => ({
  placeholder: "file",
  path: { kind: "rows", split },
});
