import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { phrase } from "@lathe/files";
import { ExportError } from "../errors.js";

const run = promisify(execFile);

/** Packages of Python that prove an export. */
export type PythonPackages = readonly string[];

/** Ends with 0 where all packages that are named behind it can be found. */
const FINDS =
  "import importlib.util as u, sys; sys.exit(0 if all(u.find_spec(n) for n in sys.argv[1:]) else 1)";

/** The interpreter that exports are proven in: `LATHE_PYTHON` where it is set, else `python3`. */
export function gatePython(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = environment["LATHE_PYTHON"];
  return named !== undefined && named !== "" ? named : "python3";
}

/** Whether Python is there and has all of some packages. */
export async function hasPythonPackages(packages: PythonPackages, python = gatePython()): Promise<boolean> {
  return await run(python, ["-c", FINDS, ...packages]).then(
    () => true,
    () => false,
  );
}

/** Refuses to go on without packages of Python. @throws ExportError that says how to install them */
export async function checkPythonPackages(packages: PythonPackages, python = gatePython()): Promise<void> {
  if (await hasPythonPackages(packages, python)) return;
  throw new ExportError({
    path: python,
    expected: phrase`a Python that has ${packages.join(", ")}, in which the export is proven`,
    actual: "none",
    remedy: phrase`python3 -m pip install ${packages.join(" ")}, or name another Python in LATHE_PYTHON`,
  });
}
