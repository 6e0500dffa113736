import { flagOfField, type OptionDetails } from "@lathe/command";
import {
  inputsFromHub,
  missingPathFault,
  modelFromHub,
  type PullRepository,
  type RepositoryKind,
  rowsFromHub,
} from "@lathe/hub";
import {
  adapterPathFault,
  type FieldSentence,
  inputsPathFault,
  modelPathFault,
  namingFieldsIn,
  rowsPathFault,
} from "@lathe/recipes";
import { download } from "../download.js";

/** Details of an option for a path: what lies there is looked at, and what a hub has is downloaded. */
type PathDetails = Required<Pick<OptionDetails, "placeholder" | "check" | "resolve">>;

function pathDetails(
  placeholder: string,
  kind: RepositoryKind,
  faultOf: (path: string) => Promise<FieldSentence | null>,
  fromHub: (text: string, download: PullRepository) => Promise<string>,
): PathDetails {
  return {
    placeholder,
    async check(path) {
      const fault = await faultOf(path);
      return fault === null ? await missingPathFault(path, kind) : namingFieldsIn(fault, flagOfField);
    },
    resolve: (text, context) => fromHub(text, (repository) => download(repository, context)),
  };
}

/** Of an option for a model folder. */
export const modelPath = pathDetails("dir", "model", modelPathFault, modelFromHub);

/** Of an option for an adapter folder. */
export const adapterPath = pathDetails("dir", "model", adapterPathFault, modelFromHub);

/** Of an option for files of rows, folders of them or patterns. */
export const inputsPath = pathDetails("file", "dataset", inputsPathFault, inputsFromHub);

/** Of an option for one file of rows. @param split the file that is meant of a prepared folder */
export const rowsPath = (split = "train"): PathDetails =>
  pathDetails("file", "dataset", (path) => rowsPathFault(path, split), rowsFromHub);
