import { collectEarly } from "./collect-early.js";
import { keepYoungGenerationSmall } from "./young-generation.js";

/**
 * Keeps the heap of this process near what it holds, for work that goes through rows and keeps next to nothing of them. V8 would let
 * it grow to several times that before it collects what has come to lie among old objects, the more the longer the work goes on.
 * To be called before other modules are loaded; the limit is read at each collection.
 */
export function keepHeapSmall(): void {
  keepYoungGenerationSmall();
  collectEarly();
}
