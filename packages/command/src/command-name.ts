import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";

/** Which command was started, where and how. */
export interface CommandPlace {
  /** Name that the command has on a path, such as `lathe`. */
  readonly name: string;
  /** Package that it is published in. */
  readonly packageName: string;
  /** Absolute path of the file that Node runs. */
  readonly main: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * What people type to start this command again: its name where what has that name on their path is this one, `npx` and the name
 * where the project has it installed, else Node with the file.
 */
export function commandName({ name, packageName, main, cwd, env }: CommandPlace): string {
  const ofPackages = join("node_modules", ".bin");
  // npm puts the folders of packages on the path of what it starts; they are not on that of the person's shell.
  const folders = (env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !folder.endsWith(ofPackages));
  if (folders.some((folder) => isThis(join(folder, name), main))) return name;
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (isThis(join(folder, ofPackages, name), main)) return `npx ${name}`;
    if (folder === dirname(folder)) break;
  }
  if (env["npm_command"] === "exec") return `npx ${packageName}`;
  const path = relative(cwd, main);
  return `node ${quoted(path.startsWith("..") ? main : path)}`;
}

/** Whether a link leads to the file; on Windows a script of the same name stands for it. */
function isThis(link: string, main: string): boolean {
  try {
    return realpathSync(link) === realpathSync(main);
  } catch {
    return process.platform === "win32" && existsSync(`${link}.cmd`);
  }
}

const quoted = (path: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
