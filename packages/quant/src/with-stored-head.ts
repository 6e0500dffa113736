import type { ReadLinear } from "@lathe/model";
import { readAsStored } from "./packed-linears.js";

/**
 * Reads the output head in the type that it is stored in, and all other linears as `read` does. Beside packed layers the head is computed
 * in 8 bits; what is exported has it as it is stored.
 */
export const withStoredHead =
  (read: ReadLinear): ReadLinear =>
  async (weights, stored) =>
    await (stored.block === "head" ? readAsStored : read)(weights, stored);
