import { phrase } from "@lathe/files";
import { CollectiveError } from "../collective-error.js";
import type { Koffi } from "./load-koffi.js";
import type { MpiMake } from "./mpi-make.js";

/** A loaded MPI library. */
export interface OpenedLibrary {
  /** Name or path of its file. */
  readonly file: string;
  readonly make: MpiMake;
  readonly handle: ReturnType<Koffi["load"]>;
}

/** Files in which the libraries are, those of newer versions first. */
const files: Readonly<Record<MpiMake, readonly string[]>> = {
  "Open MPI": ["libmpi.so.40", "libmpi.so.80"],
  MPICH: ["libmpich.so.12", "libmpi.so.12"],
};

/** RTLD_LAZY, RTLD_GLOBAL and RTLD_NODELETE of Linux. */
const KEPT_FOR_GOOD = 0x1 | 0x100 | 0x1000;

/**
 * UCX, below many an MPI, takes the signal over by which V8 notices that WebAssembly reads beyond its memory, and patches the
 * system's calls for memory, which ends V8's garbage collection in crashes. Both are read when the library is loaded.
 */
const ucxSettings = { UCX_ERROR_SIGNALS: "", UCX_MEM_MMAP_HOOK_MODE: "none", UCX_MEM_EVENTS: "n" };

/**
 * Loads an MPI library.
 * @param make whose; null for the first that is there, Open MPI before MPICH
 * @param file its name or path in place of the usual names
 * @throws CollectiveError where none is found, or this is no Linux
 */
export function openLibrary(koffi: Koffi, make: MpiMake | null, file?: string): OpenedLibrary {
  if (process.platform !== "linux") {
    throw new CollectiveError(
      "library",
      phrase`several ranks are for Linux, and this is ${process.platform}: on Windows, run in WSL 2`,
    );
  }
  for (const [name, value] of Object.entries(ucxSettings)) process.env[name] ??= value;
  const names = file === undefined ? (make ? files[make] : [...files["Open MPI"], ...files.MPICH]) : [file];
  // Calls beside the loop leave data behind whose destructors are the library's own code: were it unloaded before its threads
  // have ended, the process would end in a fault of memory.
  const dlopen = koffi.load("libc.so.6").func("void *dlopen(const char *file, int flags)");
  for (const name of names) {
    if (!dlopen(name, KEPT_FOR_GOOD)) continue;
    const handle = koffi.load(name, { lazy: true, global: true });
    return { file: name, make: makeOf(handle), handle };
  }
  const wanted = names.join(", ");
  const install = make === "MPICH" ? "apt-get install mpich" : "apt-get install openmpi-bin";
  throw new CollectiveError(
    "library",
    phrase`no MPI library is found: expected one of ${wanted} where the system looks for libraries; on Debian and Ubuntu: ${install}`,
  );
}

function makeOf(handle: OpenedLibrary["handle"]): MpiMake {
  try {
    handle.symbol("ompi_mpi_comm_world");
    return "Open MPI";
  } catch {
    return "MPICH";
  }
}
