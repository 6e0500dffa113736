import { loadNativeKernels } from "@lathe/kernels";
import { randomFloats, randomMatrix } from "../shared/random-weights.js";

/** How fast a product that is always the same was, in 10⁹ operations a second. */
export interface Pulse {
  /** Of one thread. */
  readonly one: number;
  /** Of a thread for each processor. */
  readonly all: number;
}

const ROWS = 128;
const SIZE = 1024;

/** Seconds that each of the two is measured, and how often. */
const SECONDS = 0.1;
const TIMES = 3;

/**
 * Measures the fixed product with one thread and with all: what becomes slower between two such measurements is the machine,
 * and all threads are as much faster than one as there are processors only while nobody else wants them.
 * @returns null without native kernels
 */
export function measurePulse(): Pulse | null {
  const loaded = loadNativeKernels();
  if (!("kernels" in loaded)) return null;
  const { kernels } = loaded;
  const x = randomFloats(ROWS * SIZE, 1);
  const weight = randomMatrix("int8", [SIZE, SIZE], 2);
  const y = new Float32Array(ROWS * SIZE);
  const product = (): void => {
    kernels.linear(x, weight, null, y, { precision: "fp32" });
  };
  const speedOf = (threads: number): number => {
    kernels.setThreads(threads);
    product();
    const started = performance.now();
    let products = 0;
    do {
      product();
      products++;
    } while (performance.now() - started < SECONDS * 1000);
    return (2 * ROWS * SIZE * SIZE * products) / ((performance.now() - started) * 1e6);
  };
  const threads = kernels.threads();
  let [one, all] = [0, 0];
  for (let i = 0; i < TIMES; i++) {
    one = Math.max(one, speedOf(1));
    all = Math.max(all, speedOf(threads));
  }
  return { one, all };
}
