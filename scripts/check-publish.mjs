// Packs every public package as it would be published and checks the tarballs: publint, the types of each entry point
// (attw), what is inside, and that `data`, `eval`, `files` and `kernels` install and load without TensorFlow.js, the last with a
// prebuilt addon where one was compiled. Needs a build.
// Run: npm run test:publish

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { workspaceFolders } from "./bootstrap.mjs";
import { collect, root, spawnNpm, spawnPnpm } from "./pnpm.mjs";

/** Packages that promise to run where TensorFlow.js is not installed. */
const withoutTensors = ["@lathe/command", "@lathe/data", "@lathe/eval", "@lathe/files", "@lathe/kernels"];

/**
 * @typedef {{ name: string, version: string, private?: boolean, exports?: object, dependencies?: Record<string, string> }} Manifest
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

/**
 * Installs tarballs in an empty project and imports them.
 *
 * @param {string} folder
 * @param {readonly Packed[]} tarballs
 * @returns {Promise<string[]>} faults
 */
async function faultsOfInstallation(folder, tarballs) {
  const files = tarballs.map(({ name, filename }) => [name, `file:../${basename(filename)}`]);
  const project = {
    name: "empty-project",
    private: true,
    type: "module",
    dependencies: Object.fromEntries(files),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  const names = tarballs.map(({ name }) => name);
  const npm = await collect(
    spawnNpm("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  if (npm.code !== 0) return [`npm install of ${names.join(", ")} failed:\n${npm.output}`];
  const faults = existsSync(join(folder, "node_modules/@tensorflow"))
    ? [`one of ${names.join(", ")} brings TensorFlow.js along`]
    : [];
  const source = names.map((name) => `await import(${JSON.stringify(name)});`).join("\n");
  const load = await collect(
    spawn(process.execPath, ["--input-type=module", "--eval", source], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  return load.code === 0 ? faults : [...faults, `the installed packages do not load:\n${load.output}`];
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

const temporary = mkdtempSync(join(tmpdir(), "lathe-publish-"));
let failed = 0;
/** @param {string} title @param {readonly string[]} faults */
const report = (title, faults) => {
  console.log(`${faults.length === 0 ? "ok  " : "FAIL"} ${title}`);
  for (const fault of faults) console.log(`     ${fault.replaceAll("\n", "\n     ")}`);
  if (faults.length > 0) failed++;
};
try {
  const tarballs = await packAll(temporary);
  await Promise.all(
    tarballs.map(async (packed) => {
      const manifest = packedManifest(packed.filename);
      const faults = faultsOfContents(packed, manifest);
      const isBuilt = packed.files.some(({ path }) => path.startsWith("dist/"));
      if (isBuilt) faults.push(...(await faultsOfEntryPoints(packed.filename, manifest)));
      report(`${manifest.name} ${manifest.version}, ${packed.files.length} files`, faults);
    }),
  );
  const project = join(temporary, "project");
  mkdirSync(project);
  const small = tarballs.filter(({ name }) => withoutTensors.includes(name));
  report(`${withoutTensors.join(", ")} installed alone`, await faultsOfInstallation(project, small));
  if (existsSync(ownAddon)) report("prebuilt addon installed", await faultsOfPrebuilt(project, temporary));
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (failed > 0) process.exitCode = 1;
