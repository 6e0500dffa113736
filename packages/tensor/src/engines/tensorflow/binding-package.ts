import { makeFolder, phrase, type Phrase } from "@lathe/files";
import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire, Module } from "node:module";
import { dirname, join } from "node:path";
import { bindingsFolder, type Environment } from "./cache-folder.js";
import { runCommand } from "./run-command.js";
import { TensorFlowSetupError } from "./setup-error.js";

/** Name of the npm package that ships the binding's sources and TensorFlow.js's kernels on it. */
export const BINDING_PACKAGE = "@tensorflow/tfjs-node-gpu";

/** The version in use: that of `@tensorflow/tfjs-core`. */
export const BINDING_VERSION = "4.22.0";

/** SHA-512 of the tarball that the registry has for that version. */
const TARBALL_INTEGRITY =
  "sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==";

const require = createRequire(import.meta.url);

/** What the package asks for by name and is handed: the TensorFlow.js that this module uses itself. */
const HANDED_PACKAGES = ["@tensorflow/tfjs", "@tensorflow/tfjs-core"] as const;

/** Where the package lies once it was fetched: in a `node_modules`, so that what it asks for lies beside it. */
const fetchedFolder = (environment: Environment): string =>
  join(bindingsFolder(environment), `package-${BINDING_VERSION}`, "node_modules", BINDING_PACKAGE);

/** Folder of the package where it is installed beside this one, else where a set-up has fetched it; null without either. */
export function bindingPackageFolder(environment: Environment = process.env): string | null {
  try {
    return dirname(require.resolve(`${BINDING_PACKAGE}/package.json`));
  } catch {
    const folder = fetchedFolder(environment);
    return existsSync(join(folder, "package.json")) ? folder : null;
  }
}

/**
 * Fetches the package into the user's cache folder with npm, so that the registry and the proxy of the user's settings
 * count. It is fetched alone, none of its scripts run, and its bytes are compared with the known hash.
 *
 * @returns its folder
 * @throws TensorFlowSetupError when npm cannot fetch it, or fetches something else
 */
export async function fetchBindingPackage(
  options: {
    readonly environment?: Environment;
    readonly signal?: AbortSignal | undefined;
    /** What the tarball's hash must be. */
    readonly integrity?: string;
  } = {},
): Promise<string> {
  const { environment = process.env, signal, integrity = TARBALL_INTEGRITY } = options;
  const folder = fetchedFolder(environment);
  const place = dirname(dirname(dirname(folder)));
  const root = dirname(place);
  await makeFolder(root);
  const temporary = await mkdtemp(join(root, "new-"));
  try {
    const run = { environment, signal };
    const wanted = `${BINDING_PACKAGE}@${BINDING_VERSION}`;
    const args = ["pack", "--ignore-scripts", "--silent", "--pack-destination", temporary, wanted];
    const packed = await runCommand("npm", args, run);
    const tarball = (await readdir(temporary)).find((name) => name.endsWith(".tgz"));
    if (packed.code !== 0 || tarball === undefined) {
      throw unfetched(phrase`npm could not fetch ${wanted}`, packed.stderr.trim() || packed.stdout.trim());
    }
    const bytes = await readFile(join(temporary, tarball));
    const got = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    if (got !== integrity) {
      throw unfetched(
        phrase`npm fetched another ${wanted} than expected`,
        `expected ${integrity}\ngot ${got}`,
      );
    }
    const unpacked = await runCommand("tar", ["-xzf", tarball], { ...run, cwd: temporary });
    if (unpacked.code !== 0) throw unfetched(phrase`${tarball} cannot be unpacked`, unpacked.stderr.trim());
    const modules = join(temporary, "place", "node_modules");
    await makeFolder(join(modules, dirname(BINDING_PACKAGE)));
    await rename(join(temporary, "package"), join(modules, BINDING_PACKAGE));
    for (const name of HANDED_PACKAGES) {
      await mkdir(join(modules, name));
      await writeFile(
        join(modules, name, "index.js"),
        `throw new Error("@lathe/tensor hands ${BINDING_PACKAGE} its own TensorFlow.js");\n`,
      );
    }
    await rm(place, { recursive: true, force: true });
    await rename(join(temporary, "place"), place);
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const unfetched = (found: Phrase, details: string): TensorFlowSetupError =>
  new TensorFlowSetupError(
    "package",
    found,
    "check the connection and npm's registry settings, or install the package beside @lathe/tensor with --ignore-scripts",
    details || null,
  );

/**
 * Loads a module of the package. One that was fetched shares this module's TensorFlow.js: of the union package that it
 * asks for, it uses the core alone. It goes without the library that reads its messages for TensorBoard, which nobody sends here.
 *
 * @param folder what {@link bindingPackageFolder} returned
 * @param path of the module, from the folder
 */
export function requireOfBindingPackage(folder: string, path: string): unknown {
  const requireThere = createRequire(join(folder, "package.json"));
  const modules = realpathSync(dirname(dirname(folder)));
  for (const name of HANDED_PACKAGES) {
    const stub = join(modules, name, "index.js");
    if (requireThere.resolve(name) !== stub) return requireThere(`./${path}`);
    handOver(stub, require("@tensorflow/tfjs-core"));
  }
  handOver(requireThere.resolve("./dist/proto/api_pb.js"), {});
  return requireThere(`./${path}`);
}

/** Makes `exports` what the file is taken to export; Node looks there before it reads a file. */
function handOver(file: string, exports: unknown): void {
  if (require.cache[file]) return;
  const handed = new Module(file);
  handed.exports = exports;
  handed.loaded = true;
  require.cache[file] = handed;
}
