import type * as library from "koffi";
import { phrase } from "@lathe/files";
import { CollectiveError } from "../collective-error.js";

/** What calls functions of a C library. */
export type Koffi = typeof library.default;

const PACKAGE = "koffi";

/** Bytes of the stacks on which the library runs: MPI's own code asks for more than the 128 KiB that calls beside the loop have. */
const STACKS = { sync_stack_size: 8 * 1024 * 1024, async_stack_size: 4 * 1024 * 1024 };

/** Loads `koffi`, which only those need who use several machines. @throws CollectiveError where it is not installed */
export async function loadKoffi(): Promise<Koffi> {
  try {
    const { default: koffi } = await import("koffi");
    koffi.config({ ...koffi.config(), ...STACKS });
    return koffi;
  } catch (error) {
    throw new CollectiveError(
      "package",
      phrase`several ranks need the package ${PACKAGE}, which is not installed: npm install ${PACKAGE}`,
      { cause: error },
    );
  }
}
