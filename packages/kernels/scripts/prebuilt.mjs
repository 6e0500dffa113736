// Makes the package that carries this platform's prebuilt addon: npm/<platform>/, ready for `npm publish`.
//
// Run on each platform:  node scripts/prebuilt.mjs
// Run before publishing @lathe/kernels:  node scripts/prebuilt.mjs --pin linux-x64 darwin-arm64 …
//   names the platforms' packages as optional dependencies of this one, at its own version. They are not named in the
//   repository, where an install would look for versions that are yet to be published.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const manifestPath = join(packageFolder, "package.json");
/** @type {{ name: string, version: string, license: string, engines: object, optionalDependencies?: Record<string, string> }} */
const manifest = JSON.parse(readFileSync(manifestPath, "utf8"));
const addonFile = "lathe-kernels.node";

/** Platforms whose package can be made: a system, an architecture, and on Linux a C library. */
const platform = /^(linux|darwin)-(x64|arm64)(-musl)?$/;

/** @param {string} name such as linux-x64-musl @returns {object} the manifest of its package */
function platformManifest(name) {
  const [os, cpu, libc] = name.split("-");
  return {
    name: `${manifest.name}-${name}`,
    version: manifest.version,
    description: `Prebuilt native kernels of ${manifest.name} for ${name}.`,
    license: manifest.license,
    engines: manifest.engines,
    os: [os],
    cpu: [cpu],
    ...(os === "linux" ? { libc: [libc ?? "glibc"] } : {}),
    main: addonFile,
    files: [addonFile],
    preferUnplugged: true,
    publishConfig: { access: "public" },
  };
}

/** Builds with all levels, tries the addon, and puts it beside its manifest. */
function make() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const isMusl = process.platform === "linux" && report.header.glibcVersionRuntime === undefined;
  const name = `${process.platform}-${process.arch}${isMusl ? "-musl" : ""}`;
  if (!platform.test(name)) throw new Error(`prebuilt: no package is made for ${name}`);
  const built = mkdtempSync(join(tmpdir(), "lathe-prebuilt-"));
  try {
    const script = join(packageFolder, "scripts/build-native.mjs");
    spawnSync(process.execPath, [script, "--release", "--output", built], { stdio: "inherit" });
    const addon = join(built, addonFile);
    /** @type {{ levels: string[], compiledLevels: string[] }} */
    const { levels, compiledLevels } = createRequire(import.meta.url)(addon);
    const folder = join(packageFolder, "npm", name);
    mkdirSync(folder, { recursive: true });
    copyFileSync(addon, join(folder, addonFile));
    copyFileSync(join(packageFolder, "../../LICENSE"), join(folder, "LICENSE"));
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(platformManifest(name), null, 2)}\n`);
    writeFileSync(
      join(folder, "README.md"),
      `# ${manifest.name}-${name}\n\nThe native kernels of [${manifest.name}](https://www.npmjs.com/package/${manifest.name}) ` +
        `for ${name}, with the levels ${compiledLevels.join(", ")}. Installed along with it; there is nothing to import.\n`,
    );
    console.log(`npm/${name}: ${compiledLevels.join(", ")} (this machine runs ${levels.join(", ")})`);
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} names */
function pin(names) {
  const unknown = names.find((name) => !platform.test(name));
  if (names.length === 0 || unknown !== undefined) {
    throw new Error(`prebuilt: expected platforms such as linux-x64, got ${unknown ?? "none"}`);
  }
  manifest.optionalDependencies = Object.fromEntries(
    names.map((name) => [`${manifest.name}-${name}`, manifest.version]),
  );
  writeFileSync(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
}

const [option, ...names] = process.argv.slice(2);
if (option === "--pin") pin(names);
else if (option === undefined) make();
else throw new Error(`prebuilt: expected --pin or nothing, got ${option}`);
