import { phrase, asPhrase } from "@lathe/files";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "./cache-folder.js";
import { TensorFlowSetupError } from "./setup-error.js";

/** A TensorFlow library on this machine. */
export interface TensorFlowLibrary {
  /** Folder that was recognised. */
  readonly folder: string;
  readonly layout: "C library" | "Python package";
  /** Files to link with, as absolute paths. */
  readonly files: readonly string[];
  /** Folder of the headers. */
  readonly include: string;
  /** From the package's own notes; null where only the library itself can tell. */
  readonly version: string | null;
  /** Whether it was built for CUDA; null where only the library itself can tell. */
  readonly isCudaBuild: boolean | null;
  /** CUDA libraries installed beside it as Python packages, as absolute paths. */
  readonly cudaFiles: readonly string[];
}

/** Oldest version whose Python package exports the C API that the binding calls. */
const OLDEST_PACKAGE = [2, 12] as const;

/** Libraries that a CUDA build of TensorFlow opens by name at its start. */
const CUDA_LIBRARY = /^lib(cudart|cublas|cublasLt|cufft|cusolver|cusparse|cudnn)\.so\.\d+$/;

const REMEDY =
  "install one (python3 -m pip install tensorflow[and-cuda], or tensorflow-cpu where there is no card) " +
  "or name its folder in LATHE_TENSORFLOW";

/** Variables that may name the folder of a library, the first that is set wins. */
export const libraryVariables = ["LATHE_TENSORFLOW", "TENSORFLOW_DIR"] as const;

/**
 * Finds a TensorFlow library: in the given folder, in the one an environment variable names, in Python's packages, in
 * the system's folders.
 *
 * @param directory the folder of a C library (with `lib` and `include`), of a `tensorflow` Python package, or of what
 * holds such a package (site-packages, a virtual environment)
 * @throws TensorFlowSetupError when there is none, or when a named folder holds none
 */
export async function findTensorFlow(
  directory?: string,
  environment: Environment = process.env,
): Promise<TensorFlowLibrary> {
  const variable = libraryVariables.find((name) => environment[name]);
  const named = directory ?? (variable && environment[variable]);
  if (named !== undefined) {
    const library = recognise(named);
    if (library) return library;
    const found =
      directory === undefined
        ? phrase`${String(variable)} names ${named}, which holds no TensorFlow library`
        : phrase`${named} holds no TensorFlow library`;
    throw new TensorFlowSetupError(
      "library",
      found,
      "name a folder with lib/libtensorflow.so.2 and include/, or one of an installed tensorflow Python package",
    );
  }
  for (const folder of [...(await pythonPackages(environment)), "/usr/local", "/usr"]) {
    const library = recognise(folder);
    if (library) return library;
  }
  throw new TensorFlowSetupError(
    "library",
    phrase`no TensorFlow library was found (looked at ${libraryVariables.join(", ")}, Python's packages, /usr/local and /usr)`,
    REMEDY,
  );
}

/** Where the Python in use keeps `tensorflow`; empty when there is no Python or no such package. */
async function pythonPackages(environment: Environment): Promise<string[]> {
  const script =
    "import importlib.util as u\ns = u.find_spec('tensorflow')\nprint('\\n'.join(s.submodule_search_locations or []) if s else '')";
  const environments = [environment["VIRTUAL_ENV"], environment["CONDA_PREFIX"]].flatMap((folder) =>
    folder ? [join(folder, "bin", "python")] : [],
  );
  const found: string[] = [];
  for (const python of [...environments, "python3", "python"]) {
    try {
      const { stdout } = await promisify(execFile)(python, ["-c", script], {
        env: environment,
        timeout: 20_000,
      });
      found.push(...stdout.split("\n").filter((line) => line !== ""));
    } catch {
      // This Python is not there, or cannot tell.
    }
  }
  return [...new Set(found)];
}

function recognise(folder: string): TensorFlowLibrary | null {
  const path = resolve(folder);
  return cLibrary(path) ?? pythonPackage(path) ?? insideEnvironment(path);
}

function cLibrary(folder: string): TensorFlowLibrary | null {
  for (const below of ["lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"]) {
    const files = ["libtensorflow", "libtensorflow_framework"].flatMap(
      (name) => existing(join(folder, below, `${name}.so.2`), join(folder, below, `${name}.so`)) ?? [],
    );
    if (files.length === 0 || !files[0].includes("libtensorflow.so")) continue;
    const include = existing(join(folder, "include"), join(folder, "include", "tensorflow"));
    if (include === null || !existsSync(join(include, "tensorflow", "c", "c_api.h"))) {
      throw new TensorFlowSetupError(
        "headers",
        phrase`${folder} has the TensorFlow library but not its headers (include/tensorflow/c/c_api.h)`,
        "unpack the whole archive of the C library, its include folder too",
      );
    }
    // The real file carries the whole version in its name.
    const version = /\.so\.(\d+\.\d+\.\d+)$/.exec(realpathSync(files[0]))?.[1] ?? null;
    return { folder, layout: "C library", files, include, version, isCudaBuild: null, cudaFiles: [] };
  }
  return null;
}

function pythonPackage(folder: string): TensorFlowLibrary | null {
  if (!existsSync(join(folder, "libtensorflow_framework.so.2")) || !existsSync(join(folder, "python")))
    return null;
  const version = packageVersion(folder);
  const core = join(folder, "libtensorflow_cc.so.2");
  if (!existsSync(core)) {
    throw new TensorFlowSetupError(
      "version",
      phrase`the tensorflow package in ${folder} is ${version ?? asPhrase("too old")} and has no C library in it`,
      phrase`install TensorFlow ${OLDEST_PACKAGE.join(".")} or newer`,
    );
  }
  const include = join(folder, "include");
  if (!existsSync(join(include, "tensorflow", "c", "c_api.h"))) {
    throw new TensorFlowSetupError(
      "headers",
      phrase`the tensorflow package in ${folder} has no headers (include/tensorflow/c/c_api.h)`,
      "install the package again, whole",
    );
  }
  const build = readText(join(folder, "python", "platform", "build_info.py"));
  const cuda = /'is_cuda_build',\s*(True|False)/.exec(build ?? "")?.[1];
  return {
    folder,
    layout: "Python package",
    files: [core, join(folder, "libtensorflow_framework.so.2")],
    include,
    version,
    isCudaBuild: cuda === undefined ? null : cuda === "True",
    cudaFiles: cuda === "False" ? [] : cudaPackages(dirname(folder)),
  };
}

/** `site-packages`, or an environment that has one. */
function insideEnvironment(folder: string): TensorFlowLibrary | null {
  const direct = pythonPackage(join(folder, "tensorflow"));
  if (direct) return direct;
  for (const lib of ["lib", "lib64"]) {
    for (const python of entriesOf(join(folder, lib)).filter((name) => name.startsWith("python3"))) {
      const below = pythonPackage(join(folder, lib, python, "site-packages", "tensorflow"));
      if (below) return below;
    }
  }
  return null;
}

/** CUDA libraries of the `nvidia-…` packages in the same site-packages. */
function cudaPackages(sitePackages: string): string[] {
  const root = join(sitePackages, "nvidia");
  return entriesOf(root).flatMap((name) => {
    const folder = join(root, name, "lib");
    return entriesOf(folder)
      .filter((file) => CUDA_LIBRARY.test(file))
      .map((file) => join(folder, file));
  });
}

function packageVersion(folder: string): string | null {
  const parent = dirname(folder);
  for (const name of entriesOf(parent)) {
    const version = /^tensorflow(?:_cpu|_gpu|_intel)?-(\d[^-]*)\.dist-info$/.exec(name)?.[1];
    if (version !== undefined) return version;
  }
  return null;
}

function existing(...paths: string[]): string | null {
  return paths.find((path) => existsSync(path)) ?? null;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** What tells one library from another of the same path: sizes and times of its files. */
export function libraryStamp(files: readonly string[]): string | null {
  try {
    return files
      .map((file) => {
        const { size, mtimeMs } = statSync(file);
        return `${realpathSync(file)}:${size}:${Math.trunc(mtimeMs)}`;
      })
      .join("|");
  } catch {
    return null;
  }
}
