// Compiles native/ into build/<platform>-<arch>/lathe-kernels.node with the system's C++ compiler.
//
// Each level of processor features is a translation unit with flags of its own. Objects are kept by the hash of what went
// into them, so an unchanged file is not compiled again. Without a compiler, or when it fails, the exit code is still 0: the
// wasm engine then does the work, and build/<platform>-<arch>/note.json tells the loader why.
//
// Levels that this machine cannot run are left out, unless all are asked for: they would only take time to compile.
//
// Run: node scripts/build-native.mjs [--release] [--all-levels] [--jobs N] [--output FOLDER] [--sanitize address,undefined|thread] [--emulated]
//   --release   for binaries that travel: all levels, and the C++ library linked in
//   --emulated  adds the levels `emulated` and `emulatedamx`, which run the code of the AVX-512 and AMX levels on any machine
//               (for tests)
//   --sanitize  builds with the compiler's sanitizers (for tests)

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compilerNames, findCompiler } from "./find-compiler.mjs";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const nativeFolder = join(packageFolder, "native");

const { values: options } = parseArgs({
  options: {
    release: { type: "boolean", default: false },
    "all-levels": { type: "boolean", default: false },
    emulated: { type: "boolean", default: false },
    sanitize: { type: "string" },
    jobs: { type: "string" },
    output: { type: "string" },
  },
});

const target = `${process.platform}-${process.arch}`;
const outputFolder = resolve(options.output ?? join(packageFolder, "build", target));
const notePath = join(outputFolder, "note.json");

const avx512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma", "-mf16c", "-mbmi2"];
const avx512bf16 = [...avx512, "-mavx512bf16", "-mavx512vnni"];
const avx512bf16Features = ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_bf16", "avx512_vnni"];

/**
 * Levels by architecture: the compiler's flags, and the names that Linux has for the features. The portable level comes first
 * so that the linker prefers its copies.
 *
 * @type {Record<string, { name: string, flags: string[], features: string[] }[]>}
 */
const levels = {
  x64: [
    { name: "portable", flags: ["-DLATHE_PORTABLE"], features: [] },
    {
      name: "avx2",
      flags: ["-mavx2", "-mfma", "-mf16c", "-mbmi2"],
      features: ["avx2", "fma", "f16c", "bmi2"],
    },
    { name: "avx512", flags: avx512, features: ["avx512f", "avx512bw", "avx512vl", "avx512dq"] },
    { name: "avx512bf16", flags: avx512bf16, features: avx512bf16Features },
    {
      name: "amx",
      flags: [...avx512bf16, "-mamx-tile", "-mamx-bf16", "-mamx-int8"],
      features: [...avx512bf16Features, "amx_tile", "amx_bf16", "amx_int8"],
    },
  ],
  arm64: [
    { name: "portable", flags: ["-DLATHE_PORTABLE"], features: [] },
    { name: "neon", flags: [], features: [] },
  ],
};

/** Features of this processor as Linux lists them, or null where it does not say. @returns {Set<string> | null} */
function processorFeatures() {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
    return flags && new Set(flags[1].trim().split(/\s+/));
  } catch {
    return null;
  }
}

/**
 * Says why there is no addon, and leaves the reason for the loader, which says it in the user's language.
 *
 * @type {(reason: "platform" | "compiler" | "compilation", line: string) => void}
 */
function endWithout(reason, line) {
  mkdirSync(outputFolder, { recursive: true });
  rmSync(join(outputFolder, "lathe-kernels.node"), { force: true });
  writeFileSync(notePath, `${JSON.stringify({ reason })}\n`);
  console.error(`${line}; the wasm engine will be used.`);
}

/** @returns {Promise<{ code: number | null, output: string }>} */
function run(/** @type {string[]} */ [command, ...args]) {
  return new Promise((settle) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (/** @type {Buffer} */ chunk) => (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => settle({ code: null, output: error.message }));
    child.on("close", (code) => settle({ code, output }));
  });
}

/** @typedef {{ source: string, object: string, command: string[], level: string | null }} Unit */

async function build() {
  const available = levels[process.arch];
  if (process.platform === "win32" || available === undefined) {
    endWithout("platform", `The native kernels are not built for ${target}`);
    return;
  }
  const compiler = findCompiler();
  if (compiler === null) {
    endWithout("compiler", `No C++ compiler was found (looked for ${compilerNames.join(", ")} and CXX)`);
    return;
  }
  const headers = join(dirname(createRequire(import.meta.url).resolve("node-api-headers")), "include");

  const objectsFolder = join(outputFolder, "objects");
  mkdirSync(objectsFolder, { recursive: true });
  const common = [
    ...["-std=c++17", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"],
    ...["-ffp-contract=off", "-fno-math-errno", "-DNAPI_VERSION=9", `-I${headers}`],
    ...(options.sanitize
      ? [
          "-O1",
          "-g",
          "-fno-omit-frame-pointer",
          `-fsanitize=${options.sanitize}`,
          "-fno-sanitize-recover=all",
        ]
      : ["-O2", "-g0"]),
  ];
  // GCC's own intrinsics leave a register undefined on purpose and then warn of it.
  if (!compiler.version.includes("clang")) common.push("-Wno-maybe-uninitialized");

  const files = readdirSync(nativeFolder, { recursive: true, encoding: "utf8" }).sort();
  /** @type {(headers: string[]) => string} */
  const hashOf = (headers) => {
    const hash = createHash("sha256").update(compiler.version).update(JSON.stringify(compiler.command));
    for (const file of headers) hash.update(file).update(readFileSync(join(nativeFolder, file)));
    return hash.digest("hex");
  };
  const headerFiles = files.filter((name) => name.endsWith(".h"));
  const bindingHash = hashOf(headerFiles);
  // Kernels know nothing of the binding, and are not compiled again when it changes.
  const kernelsHash = hashOf(headerFiles.filter((name) => !name.startsWith("binding/")));

  /** @type {(file: string, name: string, flags: string[], level: string | null) => Unit} */
  const unit = (file, name, flags, level) => {
    const source = join(nativeFolder, file);
    const args = [...common, ...flags];
    const hash = createHash("sha256")
      .update(file.startsWith("binding/") ? bindingHash : kernelsHash)
      .update(JSON.stringify(args))
      .update(readFileSync(source))
      .digest("hex");
    const object = join(objectsFolder, `${name}-${hash.slice(0, 16)}.o`);
    return { source, object, level, command: [...compiler.command, ...args, "-c", source, "-o", object] };
  };

  const features = options.release || options["all-levels"] ? null : processorFeatures();
  const wanted = available.filter((level) => level.features.every((name) => features?.has(name) ?? true));
  if (options.emulated) {
    wanted.push({ name: "emulated", flags: ["-DLATHE_EMULATED"], features: [] });
    wanted.push({
      name: "emulatedamx",
      flags: ["-DLATHE_EMULATED", "-DLATHE_EMULATED_TILES"],
      features: [],
    });
  }
  const levelUnits = wanted.map(({ name, flags }) =>
    unit("level.cc", `level-${name}`, [`-DLATHE_LEVEL=${name}`, ...flags], name),
  );
  const plainUnits = files
    .filter((name) => /^(binding\/)?\w+\.cc$/.test(name) && name !== "level.cc" && name !== "cpu_level.cc")
    .map((name) => unit(name, name.replace(/\.cc$/, "").replace("/", "-"), [], null));

  /** Compiles what is not there yet. @returns {Promise<{ unit: Unit, output: string }[]>} what failed */
  const compile = async (/** @type {Unit[]} */ units) => {
    const queue = units.filter(({ object }) => !existsSync(object));
    /** @type {{ unit: Unit, output: string }[]} */
    const failures = [];
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const temporary = `${next.object}.${process.pid}`;
        const { code, output } = await run(
          next.command.map((part) => (part === next.object ? temporary : part)),
        );
        if (code === 0) renameSync(temporary, next.object);
        else failures.push({ unit: next, output });
      }
    };
    const jobs = Math.max(1, Number(options.jobs ?? Math.min(availableParallelism(), 8)) || 1);
    await Promise.all(Array.from({ length: jobs }, worker));
    return failures;
  };

  // Levels first: they take longest.
  const failures = await compile([...levelUnits.toReversed(), ...plainUnits]);
  const left = failures.filter(({ unit, output }) => {
    const isTooOld =
      unit.level !== null &&
      unit.level !== "portable" &&
      /unrecognized command|unknown argument|unsupported option|not supported/i.test(output);
    if (isTooOld) console.log(`The compiler is too old for the level ${unit.level}; going on without it.`);
    return !isTooOld;
  });
  const built = levelUnits.filter(({ object }) => existsSync(object));
  if (left.length === 0) {
    const dispatch = unit(
      "cpu_level.cc",
      "cpu_level",
      built.map(({ level }) => `-DLATHE_HAS_${level}=1`),
      null,
    );
    left.push(...(await compile([dispatch])));
    if (left.length === 0) {
      const objects = [...built, ...plainUnits, dispatch].map(({ object }) => object);
      await link(compiler.command, objects, left);
    }
  }
  if (left.length > 0) {
    const details = left.map(({ unit, output }) => `$ ${unit.command.join(" ")}\n${output}`).join("\n");
    endWithout("compilation", "The native kernels did not compile");
    console.error(details);
    return;
  }
  rmSync(notePath, { force: true });
}

/** @type {(compiler: string[], objects: string[], failures: { unit: Unit, output: string }[]) => Promise<void>} */
async function link(compiler, objects, failures) {
  const addon = join(outputFolder, "lathe-kernels.node");
  const stamp = join(outputFolder, "linked.txt");
  const key = JSON.stringify([objects.map((path) => path.slice(outputFolder.length)), options.release]);
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  const temporary = `${addon}.${process.pid}`;
  const command = [
    ...compiler,
    ...(process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : ["-shared", "-Wl,--gc-sections"]),
    ...(options.sanitize ? [`-fsanitize=${options.sanitize}`] : []),
    ...(options.release && process.platform === "linux"
      ? ["-static-libstdc++", "-static-libgcc", "-Wl,-s"]
      : []),
    ...objects,
    ...(process.platform === "linux" ? ["-pthread"] : []),
    "-o",
    temporary,
  ];
  const { code, output } = await run(command);
  if (code !== 0) {
    failures.push({ unit: { source: "", object: "", command, level: null }, output });
    return;
  }
  // Renamed into place: a process that has the old addon loaded keeps its file.
  renameSync(temporary, addon);
  writeFileSync(stamp, key);
  for (const file of readdirSync(join(outputFolder, "objects"))) {
    const path = join(outputFolder, "objects", file);
    if (!objects.includes(path)) rmSync(path, { force: true });
  }
}

await build();
