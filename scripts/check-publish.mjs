// Packs every public package as it would be published and checks the tarballs: publint, the types of each entry point
// (attw), what is inside, the manifest, the links of the README; then that each installs alone in an empty project, where
// the README's first example runs, without an install script of any package and within its share of disk, some without
// TensorFlow.js, the kernels with a prebuilt addon where one was compiled. Needs a build.
// Run: npm run test:publish, or with names: npm run test:publish -- @lathe/tensor

import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { workspaceFolders } from "./bootstrap.mjs";
import { readMarkdown } from "./markdown.mjs";
import { collect, root, spawnNpm, spawnPnpm } from "./pnpm.mjs";

/** Packages that promise to run where TensorFlow.js is not installed. */
const withoutTensors = [
  "@lathe/annotate",
  "@lathe/command",
  "@lathe/data",
  "@lathe/distributed",
  "@lathe/eval",
  "@lathe/files",
  "@lathe/kernels",
];

/** What an install may take on disk, with all that comes along, in MB. */
const mostMegabytes = new Map([
  ["@lathe/tensor", 60],
  ["@lathe/cli", 120],
]);

/**
 * @typedef {{ name: string, version: string, private?: boolean, exports?: object, bin?: Record<string, string>, sideEffects?: unknown,
 *   repository?: { type: string, url: string, directory?: string }, dependencies?: Record<string, string> }} Manifest
 * @typedef {{ name: string, filename: string, files: { path: string }[] }} Packed what `pnpm pack --json` reports
 */

/** @type {(folder: string) => Manifest} */
const manifestIn = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));

/** @param {string} destination @returns {Promise<Packed[]>} the tarballs of all public packages */
async function packAll(destination) {
  const names = workspaceFolders()
    .map(manifestIn)
    .filter((manifest) => !manifest.private)
    .map(({ name }) => name);
  const filters = names.flatMap((name) => ["--filter", name]);
  const { code, stdout, output } = await collect(
    spawnPnpm(["--recursive", ...filters, "pack", "--json", "--pack-destination", destination], {
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  if (code !== 0) throw new Error(`pnpm pack failed:\n${output}`);
  return JSON.parse(stdout);
}

/** @param {string} tarball @returns {Manifest} the manifest as npm users get it */
const packedManifest = (tarball) =>
  JSON.parse(execFileSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" }));

/** @param {Packed} packed @param {Manifest} manifest @returns {string[]} faults */
function faultsOfContents({ files }, manifest) {
  const paths = files.map(({ path }) => path);
  const unwanted = paths.filter((path) =>
    /\.test\.|(^|\/)(fixtures|node_modules|testing)(\/|\.)|\.tsbuildinfo$/.test(path),
  );
  const siblings = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith("@lathe/"));
  return [
    ...["README.md", "LICENSE"].filter((name) => !paths.includes(name)).map((name) => `${name} is missing`),
    ...(paths.some((path) => path.startsWith("dist/")) ? [] : ["dist/ is missing: build first"]),
    ...unwanted.map((path) => `${path} does not belong in the tarball`),
    ...(/"(workspace|catalog):/.test(JSON.stringify(manifest))
      ? ["the manifest still names the workspace or the catalog"]
      : []),
    ...siblings
      .filter(([, version]) => version !== manifest.version)
      .map(([name, version]) => `depends on ${name} ${version}, the family is at ${manifest.version}`),
  ];
}

/** @param {string} tarball @param {Manifest} manifest @returns {Promise<string[]>} faults */
async function faultsOfEntryPoints(tarball, manifest) {
  const bytes = readFileSync(tarball);
  const { messages } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
    level: "suggestion",
  });
  const faults = messages.map(
    (message) => `publint: ${formatMessage(message, manifest, { color: false }) ?? message.code}`,
  );
  if (manifest.exports === undefined) return faults; // a command has no types to get wrong
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const { code, output } = await collect(
    spawn(
      process.execPath,
      [attw, tarball, "--profile", "esm-only", "--no-color", "--no-emoji", "--no-definitely-typed"],
      {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      },
    ),
  );
  return code === 0 ? faults : [...faults, `attw:\n${output.trim()}`];
}

/** @param {Manifest} manifest @param {string} folder of the package, from the root @returns {string[]} faults */
function faultsOfManifest({ repository, sideEffects }, folder) {
  const { url } = /** @type {{ url: string }} */ (manifestIn(".").repository);
  return [
    ...(repository?.url === url && repository.directory === folder
      ? []
      : [`expected repository to name ${url} and the directory ${folder}: links of the README start there`]),
    ...(sideEffects === false ? [] : ["expected sideEffects to be false: importing registers nothing"]),
  ];
}

/**
 * Registries resolve relative links of a README against the repository and the directory that the manifest names.
 *
 * @param {string} readme
 * @param {string} folder of the package, from the root
 * @returns {string[]} faults
 */
function faultsOfLinks(readme, folder) {
  return readMarkdown(readme)
    .links.map(({ target }) => target)
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .filter((target) => !existsSync(join(root, folder, decodeURI(target.replace(/[?#].*$/, "")))))
    .map((target) => `README.md: ${target} leads nowhere in the repository`);
}

/** @param {string} file in a tarball @param {string} tarball */
const packedText = (file, tarball) =>
  execFileSync("tar", ["-xzOf", tarball, `package/${file}`], { encoding: "utf8" });

/** @param {string} folder @returns {number} what its files take on disk, in MB */
function megabytesOf(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => lstatSync(join(folder, name)))
    .filter((entry) => entry.isFile())
    .reduce((sum, { size, blocks }) => sum + (blocks === 0 ? size : 512 * blocks) / 1e6, 0);
}

/**
 * Installs one tarball in an empty project, as `npm install` of its name does, and tries it there.
 *
 * @param {string} folder an empty one
 * @param {Packed} packed
 * @param {readonly Packed[]} family all tarballs: a registry has those that the package depends on
 * @returns {Promise<string[]>} faults
 */
async function faultsOfInstallation(folder, packed, family) {
  mkdirSync(folder);
  const others = family.filter(({ name }) => name !== packed.name);
  const project = {
    name: "empty-project",
    private: true,
    type: "module",
    dependencies: { [packed.name]: `file:${packed.filename}` },
    overrides: Object.fromEntries(others.map(({ name, filename }) => [name, `file:${filename}`])),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  /** @type {import("node:child_process").SpawnOptions} */
  const streams = { cwd: folder, stdio: ["ignore", "pipe", "pipe"] };
  const npm = await collect(spawnNpm("npm", ["install", "--no-audit", "--no-fund"], streams));
  if (npm.code !== 0) return [`npm install failed:\n${npm.output}`];

  /** @type {{ packages: Record<string, { hasInstallScript?: boolean }> }} */
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  const faults = Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => `${path} runs a script when it is installed`);
  const megabytes = megabytesOf(join(folder, "node_modules"));
  const most = mostMegabytes.get(packed.name) ?? Infinity;
  if (megabytes >= most) faults.push(`takes ${megabytes.toFixed(1)} MB on disk, expected less than ${most}`);
  if (withoutTensors.includes(packed.name) && existsSync(join(folder, "node_modules/@tensorflow"))) {
    faults.push("brings TensorFlow.js along");
  }
  const { exports, bin = {} } = packedManifest(packed.filename);
  for (const file of Object.values(bin)) {
    const main = join(folder, "node_modules", packed.name, file);
    const ran = await collect(spawn(process.execPath, [main, "--version"], streams));
    if (ran.code !== 0) faults.push(`the command does not run:\n${ran.output}`);
  }
  if (exports !== undefined) faults.push(...(await faultsOfExample(folder, packed)));
  return faults;
}

/** @param {string} project @param {Packed} packed installed there @returns {Promise<string[]>} faults of its README's example */
async function faultsOfExample(project, packed) {
  const { blocks } = readMarkdown(packedText("README.md", packed.filename));
  const example = blocks.find(({ language }) => language === "ts")?.text;
  if (example === undefined) return ["README.md has no example (a block of ts)"];
  const { outputText } = ts.transpileModule(example, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  writeFileSync(join(project, "example.mjs"), outputText);
  const ran = await collect(
    spawn(process.execPath, ["example.mjs"], { cwd: project, stdio: ["ignore", "pipe", "pipe"] }),
  );
  if (ran.code !== 0) return [`the README's example does not run:\n${ran.output}`];
  return ran.stdout.trim() === "" ? ["the README's example prints nothing"] : [];
}

/** The addon that the build has compiled here, if it has. */
const ownAddon = join(root, `packages/kernels/build/${process.platform}-${process.arch}/lathe-kernels.node`);

/**
 * Makes the platform's package, installs it beside `@lathe/kernels`, and multiplies with it.
 *
 * @param {string} project where `@lathe/kernels` is installed, without an addon of its own
 * @param {string} destination
 * @returns {Promise<string[]>} faults
 */
async function faultsOfPrebuilt(project, destination) {
  const folder = join(destination, "prebuilt");
  const make = join(root, "packages/kernels/scripts/prebuilt.mjs");
  const made = await collect(
    spawn(process.execPath, [make, "--addon", ownAddon, "--output", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  if (made.code !== 0) return [`the package cannot be made:\n${made.output}`];
  const install = await collect(
    spawnNpm("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "file:../prebuilt"], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  if (install.code !== 0) return [`npm install of it failed:\n${install.output}`];
  const source = `
    import { loadNativeKernels } from "@lathe/kernels";
    const { kernels, path, reason } = loadNativeKernels();
    if (!kernels) throw new Error(reason);
    const weight = { format: "int8", shape: [1, 2], codes: Int8Array.of(3, 4), scales: Float32Array.of(0.5) };
    const y = new Float32Array(1);
    kernels.linear(Float32Array.of(2, 1), weight, null, y);
    console.log(JSON.stringify({ path, product: y[0] }));`;
  const { LATHE_NATIVE: _setting, ...environment } = process.env;
  const use = await collect(
    spawn(process.execPath, ["--input-type=module", "--eval", source], {
      cwd: project,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  if (use.code !== 0) return [`it does not load:\n${use.output}`];
  /** @type {{ path: string, product: number }} */
  const { path, product } = JSON.parse(use.stdout);
  return [
    ...(product === 5 ? [] : [`expected a product of 5, got ${product}`]),
    ...(path.includes("build") ? [`expected the addon of the package, got ${path}`] : []),
  ];
}

const wanted = process.argv.slice(2);
const temporary = mkdtempSync(join(tmpdir(), "lathe-publish-"));
let failed = 0;
/** @param {string} title @param {readonly string[]} faults */
const report = (title, faults) => {
  console.log(`${faults.length === 0 ? "ok  " : "FAIL"} ${title}`);
  for (const fault of faults) console.log(`     ${fault.replaceAll("\n", "\n     ")}`);
  if (faults.length > 0) failed++;
};
try {
  const folders = new Map(workspaceFolders().map((folder) => [manifestIn(folder).name, folder]));
  const family = await packAll(temporary);
  const tarballs = family.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  for (const packed of tarballs) {
    const manifest = packedManifest(packed.filename);
    const folder = /** @type {string} */ (folders.get(packed.name));
    const faults = [...faultsOfContents(packed, manifest), ...faultsOfManifest(manifest, folder)];
    if (packed.files.some(({ path }) => path === "README.md")) {
      faults.push(...faultsOfLinks(packedText("README.md", packed.filename), folder));
    }
    const isBuilt = packed.files.some(({ path }) => path.startsWith("dist/"));
    if (isBuilt) faults.push(...(await faultsOfEntryPoints(packed.filename, manifest)));
    report(`${manifest.name} ${manifest.version}, ${packed.files.length} files`, faults);
  }
  for (const packed of tarballs) {
    const project = join(temporary, `project-${basename(packed.filename, ".tgz")}`);
    report(`${packed.name} installed alone`, await faultsOfInstallation(project, packed, family));
    if (packed.name === "@lathe/kernels" && existsSync(ownAddon)) {
      report("prebuilt addon installed", await faultsOfPrebuilt(project, temporary));
    }
    rmSync(project, { recursive: true, force: true });
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (failed > 0) process.exitCode = 1;
