import type { Koffi } from "./load-koffi.js";
import type { OpenedLibrary } from "./open-library.js";

/** A handle of the library's: an address, or MPICH's number. */
type Handle = bigint | number;

/** What the library's functions are given besides arrays and numbers. */
export interface MpiHandles {
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly int: Handle;
  /** Of bytes: MPI's own type of that name has no sum and no greatest. */
  readonly unsignedChar: Handle;
  readonly sum: Handle;
  readonly max: Handle;
  readonly errorsReturn: Handle;
  readonly inPlace: Handle;
  readonly statusIgnore: Handle;
}

/** A function of the library; it returns 0 or the number of an error. */
export interface MpiFunction {
  (...values: readonly unknown[]): number;
  /** Runs it on a thread beside the loop. What it is given must be kept alive by the callback. */
  async(...values: readonly unknown[]): void;
}

const declarations = {
  initThread: "int MPI_Init_thread(intptr_t argc, intptr_t argv, int required, void *provided)",
  rank: "int MPI_Comm_rank(intptr_t comm, void *rank)",
  size: "int MPI_Comm_size(intptr_t comm, void *size)",
  setErrorHandler: "int MPI_Comm_set_errhandler(intptr_t comm, intptr_t handler)",
  errorString: "int MPI_Error_string(int code, void *text, void *length)",
  version: "int MPI_Get_library_version(void *text, void *length)",
  allReduce:
    "int MPI_Allreduce(intptr_t send, void *receive, int count, intptr_t type, intptr_t operation, intptr_t comm)",
  reduceScatter:
    "int MPI_Reduce_scatter(void *send, void *receive, void *counts, intptr_t type, intptr_t operation, intptr_t comm)",
  allGather:
    "int MPI_Allgatherv(void *send, int count, intptr_t type, void *receive, void *counts, void *places, intptr_t receiveType, intptr_t comm)",
  broadcast: "int MPI_Bcast(void *values, int count, intptr_t type, int root, intptr_t comm)",
  split: "int MPI_Comm_split(intptr_t comm, int color, int key, void *part)",
  beginBarrier: "int MPI_Ibarrier(intptr_t comm, void *request)",
  test: "int MPI_Test(void *request, void *flag, intptr_t status)",
  abort: "int MPI_Abort(intptr_t comm, int code)",
  finalize: "int MPI_Finalize()",
} as const;

/** The functions that are used, by what they do. */
export type MpiFunctions = Readonly<Record<keyof typeof declarations, MpiFunction>>;

/**
 * Binds the functions and handles of a library. Every handle is declared as a whole number as wide as an address, which is right for
 * Open MPI's addresses, and MPICH reads the lower half of the same register.
 */
export function bindMpi(
  koffi: Koffi,
  { make, handle }: OpenedLibrary,
): { readonly functions: MpiFunctions; readonly handles: MpiHandles } {
  const functions = Object.fromEntries(
    Object.entries(declarations).map(([name, declaration]) => [name, handle.func(declaration)]),
  ) as unknown as MpiFunctions;
  if (make === "MPICH") return { functions, handles: mpichHandles };
  const at = (name: string): bigint => koffi.address(handle.symbol(name));
  const handles: MpiHandles = {
    world: at("ompi_mpi_comm_world"),
    float: at("ompi_mpi_float"),
    double: at("ompi_mpi_double"),
    int: at("ompi_mpi_int"),
    unsignedChar: at("ompi_mpi_unsigned_char"),
    sum: at("ompi_mpi_op_sum"),
    max: at("ompi_mpi_op_max"),
    errorsReturn: at("ompi_mpi_errors_return"),
    inPlace: 1,
    statusIgnore: 0,
  };
  return { functions, handles };
}

/** Numbers of MPICH's mpi.h, versions 3 to 5, and of libraries with its binary interface. */
const mpichHandles: MpiHandles = {
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  int: 0x4c000405,
  unsignedChar: 0x4c000102,
  sum: 0x58000003,
  max: 0x58000001,
  errorsReturn: 0x54000001,
  inPlace: -1,
  statusIgnore: 1,
};
