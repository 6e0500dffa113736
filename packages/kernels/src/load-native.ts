import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
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

/** Native kernels, or why there are none, in sentences for people. */
export type LoadedNative =
  { readonly kernels: NativeKernels; readonly path: string } | { readonly reason: string };

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
 * @throws RangeError when a setting asks for a level that does not exist or that this machine cannot run
 */
export function loadNativeKernels(options: LoadNativeOptions = {}): LoadedNative {
  const environment = options.environment ?? process.env;
  const setting = environment["LATHE_NATIVE"] ?? "";
  if (setting === "off") return { reason: "The native kernels are turned off by LATHE_NATIVE=off." };
  const threads = environment["LATHE_THREADS"];
  if (threads !== undefined && threads !== "" && !/^[1-9]\d{0,3}$/.test(threads)) {
    throw new RangeError(`LATHE_THREADS: expected a count of threads from 1 on, got "${threads}"`);
  }
  const require = createRequire(import.meta.url);
  const own = `../build/${process.platform}-${process.arch}/`;
  const candidates =
    setting === "" || setting === "on"
      ? [`${own}${ADDON_FILE}`, `@lathe/kernels-${nativePlatform()}`]
      : [setting];
  const failures: string[] = [];
  for (const candidate of candidates) {
    let path = candidate.startsWith("..") ? fileURLToPath(new URL(candidate, import.meta.url)) : candidate;
    try {
      path = require.resolve(path);
      const addon = require(path) as Addon;
      if (addon.surface !== SURFACE) {
        failures.push(`${path}: made for another version of this package`);
        continue;
      }
      return { kernels: kernelsOf(addon, options.level ?? environment["LATHE_CPU_LEVEL"]), path };
    } catch (error) {
      if (error instanceof RangeError) throw error;
      const code = (error as NodeJS.ErrnoException).code;
      failures.push(
        code === "MODULE_NOT_FOUND"
          ? `${path}: not there`
          : `${path}: ${firstLine((error as Error).message)}`,
      );
    }
  }
  const note = fileURLToPath(new URL(`${own}note.txt`, import.meta.url));
  return {
    reason: [
      "The native kernels could not be loaded.",
      `This is ${nativePlatform()}, Node ${process.versions.node}.`,
      ...failures.map((failure) => `  - ${failure}`),
      ...(existsSync(note) ? [`The last build says: ${firstLine(readFileSync(note, "utf8"))}`] : []),
      "What helps:",
      "  - in a clone: install a C++ compiler (Debian: apt-get install g++, macOS: xcode-select --install) and run: npm run build",
      `  - installed from npm: npm install @lathe/kernels-${nativePlatform()}, or with a compiler: node node_modules/@lathe/kernels/scripts/build-native.mjs`,
    ].join("\n"),
  };
}

const firstLine = (text: string): string => text.split("\n", 1)[0];

function kernelsOf(addon: Addon, wanted: string | undefined): NativeKernels {
  const { kernels, levels, compiledLevels, surface: _surface, ...common } = addon;
  const level = wanted === undefined || wanted === "" ? levels[0] : (wanted as CpuLevel);
  if (!levels.includes(level)) {
    throw new RangeError(
      compiledLevels.includes(level)
        ? `CPU level ${level}: this processor does not have it; it has ${levels.join(", ")}`
        : `CPU level: expected ${compiledLevels.join(", ")}, got "${level}"`,
    );
  }
  return Object.freeze({ ...common, ...kernels[level], level, levels }) as NativeKernels;
}
