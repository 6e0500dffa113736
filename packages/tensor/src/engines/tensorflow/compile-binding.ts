import { phrase } from "@lathe/files";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { Environment } from "./cache-folder.js";
import type { TensorFlowLibrary } from "./find-library.js";
import { runCommand } from "./run-command.js";
import { TensorFlowSetupError } from "./setup-error.js";

/** The C++ compiler: that of `CXX`, else the first that answers. @throws TensorFlowSetupError when none does */
export async function findCompiler(environment: Environment = process.env): Promise<readonly string[]> {
  const named = environment["CXX"]?.trim();
  const candidates = named ? [named.split(/\s+/)] : [["g++"], ["c++"], ["clang++"]];
  for (const command of candidates) {
    const { code } = await runCommand(command[0], [...command.slice(1), "--version"], { environment });
    if (code === 0) return command;
  }
  throw new TensorFlowSetupError(
    "compiler",
    named
      ? phrase`the C++ compiler that CXX names (${named}) does not answer`
      : "no C++ compiler was found (g++, c++, clang++)",
    "install one (Debian and Ubuntu: sudo apt install g++; Fedora: sudo dnf install gcc-c++) or name it in CXX",
  );
}

/**
 * The command line that compiles the binding against a library.
 *
 * @param bindingPackage folder of the npm package that has the sources
 */
export function compileArguments(
  library: TensorFlowLibrary,
  bindingPackage: string,
  output: string,
): string[] {
  const sources = join(bindingPackage, "binding");
  const nodeHeaders = join(
    dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")),
    "include",
  );
  const folders = [...new Set([...library.files, ...library.cudaFiles].map((file) => dirname(file)))];
  return [
    ...["-O2", "-std=c++17", "-shared", "-fPIC", "-DNAPI_VERSION=8", "-w"],
    ...["-I", nodeHeaders, "-I", library.include],
    ...readdirSync(sources)
      .filter((name) => name.endsWith(".cc"))
      .sort()
      .map((name) => join(sources, name)),
    ...["-o", output],
    ...library.files,
    // TensorFlow opens these by name when it starts. Named as needed by the binding they are loaded before that, from
    // their own folders, and nobody has to set LD_LIBRARY_PATH.
    ...(library.cudaFiles.length > 0
      ? [
          "-Wl,--no-as-needed",
          ...library.cudaFiles.flatMap((file) => [`-L${dirname(file)}`, `-l:${basename(file)}`]),
        ]
      : []),
    "-Wl,--disable-new-dtags",
    ...folders.map((folder) => `-Wl,-rpath,${folder}`),
  ];
}

/** Compiles the binding to `output`. @throws TensorFlowSetupError with what the compiler said */
export async function compileBinding(
  library: TensorFlowLibrary,
  bindingPackage: string,
  output: string,
  options: { readonly environment?: Environment; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const [compiler, ...first] = await findCompiler(options.environment);
  const result = await runCommand(
    compiler,
    [...first, ...compileArguments(library, bindingPackage, output)],
    options,
  );
  if (result.code === 0) return;
  const noHeader = /fatal error: ([^:]+): No such file/.exec(result.stderr)?.[1];
  if (noHeader !== undefined) {
    throw new TensorFlowSetupError(
      noHeader.startsWith("tensorflow/") ? "headers" : "compiler",
      phrase`the header ${noHeader} is missing`,
      noHeader.startsWith("tensorflow/")
        ? "use a complete TensorFlow 2.9 or newer: the binding is not made for other versions"
        : "install the compiler's standard headers (Debian and Ubuntu: sudo apt install g++)",
    );
  }
  throw new TensorFlowSetupError(
    "version",
    library.version === null
      ? phrase`the binding does not compile against the TensorFlow in ${library.folder}`
      : phrase`the binding does not compile against TensorFlow ${library.version}`,
    "use TensorFlow 2.9 or newer and a compiler with C++17 (GCC 9 or newer)",
    result.stderr.split("\n").slice(0, 20).join("\n"),
  );
}
