// Makes a fresh checkout ready: installs the packages of the lockfile and builds the workspace. Each step leaves a stamp
// of what it was made from in node_modules, so that a second run has nothing to do. Alone: node scripts/bootstrap.mjs

import "./require-node.mjs";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, platform, arch, stderr } from "node:process";
import { fileURLToPath } from "node:url";
import { findCompiler } from "../packages/kernels/scripts/find-compiler.mjs";
import { collect, pinnedPnpm, root, spawnPnpm } from "./pnpm.mjs";

/** Is there when the packages of some lockfile are installed; path from the root. */
export const installStamp = "node_modules/.lathe-install";

/** @returns {string[]} the folders of the workspace that have a package.json, from the root */
export function workspaceFolders() {
  return ["packages", "apps", "examples"]
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .sort();
}

/** @param {string} folder @returns {{ scripts?: Record<string, string>, dependencies?: object, devDependencies?: object }} */
const manifest = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));

/** What a build does not read, or makes. */
const notSources = /^(node_modules|dist|build|fixtures|testing|runs|\..*|.*\.md|.*\.test\.\w+)$/;

/** @param {string} folder @returns {string[]} the files below it that a build may read, from the root */
function sourcesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !notSources.test(name))
    .flatMap((entry) =>
      entry.isDirectory() ? sourcesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
    );
}

/** @param {readonly string[]} files @param {string} [more] what else it depends on @returns {string} */
function hashOf(files, more = "") {
  const hash = createHash("sha256").update(`${platform} ${arch} ${more}`);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** @param {unknown} error */
const isMissingFile = (error) => error instanceof Error && "code" in error && error.code === "ENOENT";

/** @param {string} file @returns {string | undefined} */
function readStamp(file) {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}

/**
 * Runs one step of the set-up unless its stamp says that it is done.
 *
 * @param {object} step
 * @param {string} step.title
 * @param {string} step.stamp file that remembers the inputs, from the root
 * @param {string} step.inputs hash of what the step depends on
 * @param {readonly string[]} step.products folders that are there when the step has run
 * @param {readonly string[]} step.command arguments for pnpm
 */
async function runStep({ title, stamp, inputs, products, command }) {
  if (readStamp(stamp) === inputs && products.every((folder) => existsSync(join(root, folder)))) return;
  const started = performance.now();
  stderr.write(`${title} … `);
  const { code, output } = await collect(spawnPnpm(command, { stdio: ["ignore", "pipe", "pipe"] }));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (code === 0) {
    writeFileSync(join(root, stamp), inputs);
    stderr.write(`${seconds} s\n`);
    return;
  }
  stderr.write(`failed after ${seconds} s\n\n${output.trimEnd()}\n\n`);
  stderr.write(`${advice(output)}\nThe failed command: npx ${pinnedPnpm()} ${command.join(" ")}\n`);
  process.exit(1);
}

/** @param {string} output what a failed step printed @returns {string} what to do about it */
function advice(output) {
  if (/ENOSPC|no space left/i.test(output))
    return "The disk is full: free some space and run the command again.";
  if (/EACCES|EPERM|permission denied/i.test(output)) {
    return "A file could not be written: check that this folder and your home folder belong to you, then run the command again.";
  }
  if (/OUTDATED_LOCKFILE|lockfile is not up to date/i.test(output)) {
    return `A package.json was changed without pnpm-lock.yaml: run \`node scripts/with-pnpm.mjs pnpm install\` and try again.`;
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|CERT|ERR_SOCKET|connect error|dns error|error sending request/i.test(
      output,
    )
  ) {
    return "The npm registry could not be reached: check the connection, and the registry and proxy settings in your .npmrc (`npm ping` tells whether npm can reach it), then run the command again.";
  }
  if (/error TS\d+/.test(output)) {
    return "The sources do not compile: undo or fix the change that the messages above point at.";
  }
  return "Read the messages above; if node_modules may be damaged, delete it and run the command again.";
}

/** Installs the packages of the lockfile where they are not. Ends the process with code 1, and says why, when that fails. */
export async function installPackages() {
  const folders = workspaceFolders();
  const manifests = ["package.json", ...folders.map((folder) => `${folder}/package.json`)];
  await runStep({
    title: "Installing packages",
    stamp: installStamp,
    inputs: hashOf(["pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests]),
    products: folders
      .filter(
        (folder) =>
          Object.keys({ ...manifest(folder).dependencies, ...manifest(folder).devDependencies }).length > 0,
      )
      .map((folder) => `${folder}/node_modules`),
    command: ["install", "--frozen-lockfile"],
  });
}

/** Installs and builds what is missing. Ends the process with code 1, and says why, when a step fails. */
export async function bootstrap() {
  await installPackages();
  const built = workspaceFolders().filter((folder) => manifest(folder).scripts?.build);
  await runStep({
    title: "Building the workspace",
    stamp: "node_modules/.lathe-build",
    // A compiler that was installed or exchanged since builds other kernels of the same sources.
    inputs: hashOf(
      ["pnpm-lock.yaml", "tsconfig.base.json", "turbo.json", ...built.flatMap(sourcesBelow)],
      JSON.stringify(findCompiler()),
    ),
    products: built.map((folder) => `${folder}/dist`),
    command: ["exec", "turbo", "run", "build", "--output-logs=errors-only"],
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) await bootstrap();
