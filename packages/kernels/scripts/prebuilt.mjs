// Makes and publishes the packages that carry prebuilt addons, one a platform.
//
// node scripts/prebuilt.mjs [--addon FILE] [--output FOLDER]
//   makes this platform's package, ready for `npm publish`: the addon built for release with all levels (or the one given) and
//   its manifest, in npm/<platform>/ (or the folder given).
// node scripts/prebuilt.mjs --publish
//   publishes what lies in npm/ and names it in this package's manifest as optional dependencies, at its own version; to
//   be run right before this package is published. The repository does not name them: an install would look for versions
//   that are yet to be published.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const manifestPath = join(packageFolder, "package.json");
/** @type {{ name: string, version: string, license: string, repository: object, engines: object, optionalDependencies?: Record<string, string> }} */
const manifest = JSON.parse(readFileSync(manifestPath, "utf8"));
const addonFile = "lathe-kernels.node";
const packages = join(packageFolder, "npm");

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
    repository: manifest.repository,
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

/** `linux-x64`, `linux-x64-musl`, `darwin-arm64`: this machine. */
function thisPlatform() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const isMusl = process.platform === "linux" && report.header.glibcVersionRuntime === undefined;
  const name = `${process.platform}-${process.arch}${isMusl ? "-musl" : ""}`;
  if (!platform.test(name)) throw new Error(`prebuilt: no package is made for ${name}`);
  return name;
}

/** @param {string} name @param {string} addon @param {string} folder where the package goes; tries the addon first */
function write(name, addon, folder) {
  /** @type {{ levels: string[], compiledLevels: string[] }} */
  const { levels, compiledLevels } = createRequire(import.meta.url)(addon);
  mkdirSync(folder, { recursive: true });
  copyFileSync(addon, join(folder, addonFile));
  copyFileSync(join(packageFolder, "../../LICENSE"), join(folder, "LICENSE"));
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(platformManifest(name), null, 2)}\n`);
  writeFileSync(
    join(folder, "README.md"),
    `# ${manifest.name}-${name}\n\nThe native kernels of [${manifest.name}](https://www.npmjs.com/package/${manifest.name}) ` +
      `for ${name}, with the levels ${compiledLevels.join(", ")}. Installed along with it; there is nothing to import.\n`,
  );
  console.log(
    `${manifest.name}-${name}: ${compiledLevels.join(", ")} (this machine runs ${levels.join(", ")})`,
  );
}

/** @param {string | undefined} addon @param {string | undefined} output */
function make(addon, output) {
  const name = thisPlatform();
  const folder = resolve(output ?? join(packages, name));
  if (addon !== undefined) return write(name, resolve(addon), folder);
  const built = mkdtempSync(join(tmpdir(), "lathe-prebuilt-"));
  try {
    const script = join(packageFolder, "scripts/build-native.mjs");
    spawnSync(process.execPath, [script, "--release", "--output", built], {
      stdio: "inherit",
    });
    write(name, join(built, addonFile), folder);
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

/** Publishes every package in npm/ that is not there yet, and pins all of them. */
function publish() {
  const names = existsSync(packages) ? readdirSync(packages).filter((name) => platform.test(name)) : [];
  for (const name of names) {
    const folder = join(packages, name);
    /** @type {{ name: string, version: string }} */
    const made = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (made.version !== manifest.version) {
      throw new Error(
        `prebuilt: ${made.name} in npm/ is version ${made.version}, expected ${manifest.version}; make it anew`,
      );
    }
    const known = spawnSync("npm", ["view", `${made.name}@${made.version}`, "version"], { encoding: "utf8" });
    if (known.stdout.trim() === made.version) continue;
    const { status } = spawnSync("npm", ["publish", folder, "--access", "public"], { stdio: "inherit" });
    if (status !== 0) throw new Error(`prebuilt: npm publish of ${made.name} failed`);
  }
  const pinned = names.map((name) => [`${manifest.name}-${name}`, manifest.version]);
  const optionalDependencies = pinned.length > 0 ? Object.fromEntries(pinned) : undefined;
  writeFileSync(manifestPath, `${JSON.stringify({ ...manifest, optionalDependencies }, null, 2)}\n`);
  console.log(`${manifest.name} ${manifest.version}: ${names.join(", ") || "no prebuilt packages"}`);
}

const { values } = parseArgs({
  options: {
    addon: { type: "string" },
    output: { type: "string" },
    publish: { type: "boolean", default: false },
  },
});
if (values.publish) publish();
else make(values.addon, values.output);
