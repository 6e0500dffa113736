import { flagOfField, type PathRules, type ResolveContext } from "@lathe/command";
import { asPhrase, type OptionPath, type Phrase } from "@lathe/files";
import {
  inputsFromHub,
  isFileAddress,
  missingPathFault,
  modelFromHub,
  type PullRepository,
  type RepositoryKind,
} from "@lathe/hub";
import { adapterPathFault, modelPathFault, namingFieldsIn, rowsPathFault } from "@lathe/recipes";
import { download, downloadFile } from "./download.js";

/** What lies at a path of one kind, and how a hub's is had. */
interface PathRule {
  readonly repository: RepositoryKind;
  readonly faultOf: (text: string, path: OptionPath) => Promise<Phrase | null>;
  readonly fromHub: (text: string, download: PullRepository) => Promise<string>;
}

const rules: Readonly<Record<string, PathRule>> = {
  model: { repository: "model", faultOf: modelPathFault, fromHub: modelFromHub },
  adapter: { repository: "model", faultOf: adapterPathFault, fromHub: modelFromHub },
  inputs: { repository: "dataset", faultOf: (text) => rowsPathFault(text), fromHub: inputsFromHub },
  rows: {
    repository: "dataset",
    faultOf: (text, { split }) => rowsPathFault(text, split),
    fromHub: inputsFromHub,
  },
};

/** `support=runs/first/adapter` → its name and its folder; null where it is no such text. */
export function namedFolder(text: string): { readonly name: string; readonly folder: string } | null {
  const [, name, folder] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  return folder === undefined ? null : { name, folder };
}

/** What `lathe` does about options that name files and folders. */
export const pathRules: PathRules = { check, resolve };

async function check(text: string, path: OptionPath): Promise<Phrase | null> {
  if (path.kind === "named adapter") {
    const named = namedFolder(text);
    return named === null
      ? asPhrase("expected a name and a folder such as support=runs/first/adapter")
      : await check(named.folder, { kind: "adapter" });
  }
  const { repository, faultOf } = rules[path.kind];
  const fault = await faultOf(text, path);
  return fault === null ? await missingPathFault(text, repository) : namingFieldsIn(fault, flagOfField);
}

async function resolve(text: string, path: OptionPath, context: ResolveContext): Promise<string> {
  if (path.kind === "named adapter") {
    const { name, folder } = namedFolder(text)!;
    return `${name}=${await resolve(folder, { kind: "adapter" }, context)}`;
  }
  // What prepare reads it brings beside its output itself, and removes it then.
  if (path.kind === "rows" && isFileAddress(text)) return await downloadFile(text, context);
  return rules[path.kind].fromHub(text, (repository) => download(repository, context));
}
