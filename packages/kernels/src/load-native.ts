import { isInputError, messageOf, parseJson, type Phrase, phrase, phraseOfLines } from "@lathe/files";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { CpuLevelError, ThreadCountError } from "./errors.js";
import type { CpuLevel, NativeKernels } from "./native-kernels.js";

const ADDON_FILE = "lathe-kernels.node";

/** The version of the addon's surface that this file speaks: kSurface in native/binding/dispatch.cc. */
const SURFACE = 8;

/** What the addon exports; the kernels of a level lie in an object of their own. */
interface Addon {
  readonly surface?: number;
  readonly levels: readonly CpuLevel[];
  readonly compiledLevels: readonly CpuLevel[];
  readonly kernels: Readonly<Partial<Record<CpuLevel, object>>>;
}

/** Where settings come from; `process.env` unless a test says otherwise. */
export interface LoadNativeOptions {
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Level of processor features; LATHE_CPU_LEVEL, else the best there is. */
  readonly level?: CpuLevel | undefined;
}

/** Native kernels, or why there are none, in lines for people. */
export type LoadedNative =
  { readonly kernels: NativeKernels; readonly path: string } | { readonly reason: Phrase };

/** `linux-x64`, `linux-x64-musl`, `darwin-arm64`, …: the last part of a prebuilt package's name. */
export function nativePlatform(): string {
  const platform = `${process.platform}-${process.arch}`;
  return process.platform === "linux" && !usesGlibc() ? `${platform}-musl` : platform;
}

function usesGlibc(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report === undefined || report.header?.glibcVersionRuntime !== undefined;
}

/**
 * Loads the C++ kernels: this package's own build, else the prebuilt package of the platform.
 *
 * - `LATHE_NATIVE=off` turns them off; `LATHE_NATIVE=<file>` loads that addon and no other.
 * - `LATHE_CPU_LEVEL=portable|avx2|avx512|avx512bf16|amx|neon` takes that level of processor features.
 * - `LATHE_THREADS=<count>` sets the number of threads.
 *
 * Never throws for want of an addon: the reason says which paths were tried and what helps.
 * @throws ThreadCountError where `LATHE_THREADS` is no count
 * @throws CpuLevelError where a level is asked for that does not exist or that this processor does not have
 */
export function loadNativeKernels(options: LoadNativeOptions = {}): LoadedNative {
  const environment = options.environment ?? process.env;
  const setting = environment["LATHE_NATIVE"] ?? "";
  if (setting === "off") {
    return { reason: phrase`The native kernels are turned off by LATHE_NATIVE=off.` };
  }
  const threads = environment["LATHE_THREADS"];
  if (threads !== undefined && threads !== "" && !/^[1-9]\d{0,3}$/.test(threads)) {
    throw new ThreadCountError(threads);
  }
  const require = createRequire(import.meta.url);
  const own = `../build/${process.platform}-${process.arch}/`;
  const candidates =
    setting === "" || setting === "on"
      ? [`${own}${ADDON_FILE}`, `@lathe/kernels-${nativePlatform()}`]
      : [setting];
  const failures: Phrase[] = [];
  for (const candidate of candidates) {
    let path = candidate.startsWith("..") ? fileURLToPath(new URL(candidate, import.meta.url)) : candidate;
    try {
      path = require.resolve(path);
      const addon = require(path) as Addon;
      if (addon.surface !== SURFACE) {
        failures.push(phrase`${path}: made for another version of this package`);
        continue;
      }
      return { kernels: kernelsOf(addon, options.level ?? environment["LATHE_CPU_LEVEL"]), path };
    } catch (error) {
      if (isInputError(error)) throw error;
      const isMissing = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
      const [sentence] = messageOf(error).split("\n", 1);
      failures.push(isMissing ? phrase`${path}: not there` : phrase`${path}: “${sentence}”`);
    }
  }
  const built = buildFault(new URL(`${own}note.json`, import.meta.url));
  const lines = [
    phrase`The native kernels could not be loaded.`,
    phrase`This is ${nativePlatform()}, Node ${process.versions.node}.`,
    ...failures.map((failure) => phrase`  - ${failure}`),
    ...(built === null ? [] : [phrase`The last build says: ${built}`]),
    phrase`What helps:`,
    phrase`  - in a clone: install a C++ compiler (Debian: apt-get install g++, macOS: xcode-select --install) and run: npm run build`,
    phrase`  - installed from npm: npm install @lathe/kernels-${nativePlatform()}, or with a compiler: node node_modules/@lathe/kernels/scripts/build-native.mjs`,
  ];
  return { reason: phraseOfLines(lines) };
}

/** Why the last build made no addon, by the note that it left; null where there is none. */
function buildFault(note: URL): Phrase | null {
  if (!existsSync(note)) return null;
  const { reason } = parseJson(readFileSync(note, "utf8")) as { readonly reason: string };
  if (reason === "platform") return phrase`the native kernels are not built for this platform`;
  if (reason === "compiler") {
    return phrase`no C++ compiler was found (looked for ${["c++", "g++", "clang++"].join(", ")} and ${"CXX"})`;
  }
  return phrase`they did not compile; build them again to see the compiler's complaints`;
}

function kernelsOf(addon: Addon, wanted: string | undefined): NativeKernels {
  const { kernels, levels, compiledLevels, surface: _surface, ...common } = addon;
  const level = wanted === undefined || wanted === "" ? levels[0] : (wanted as CpuLevel);
  if (!levels.includes(level)) throw new CpuLevelError(level, levels, compiledLevels);
  return Object.freeze({ ...common, ...kernels[level], level, levels }) as NativeKernels;
}
