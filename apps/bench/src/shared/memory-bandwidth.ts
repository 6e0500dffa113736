import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Measurement, summarise } from "../measure.js";

/** Far more than any cache holds. */
const BUFFER_BYTES = 2 ** 30;

/**
 * Looks for a byte that is not there: `memchr`, which the C library has in vectors, reads every byte and computes next to
 * nothing. It runs at the speed of memory on every engine and every processor, which a sum written in JavaScript does not,
 * nor one in float64 as the kernels' `sumOfSquares`.
 */
const READER = `
const { parentPort, workerData } = require("node:worker_threads");
const part = Buffer.from(workerData.shared, workerData.offset, workerData.length);
parentPort.on("message", () => parentPort.postMessage(part.includes(0xff)));
parentPort.postMessage("ready");
`;

/** How fast memory is read. */
export interface Bandwidth {
  /** Bytes a second, of the median pass over the buffer. */
  readonly bytesPerSecond: number;
  readonly best: number;
  readonly threads: number;
  /** Seconds a pass. */
  readonly pass: Measurement;
}

function answer(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("message", () => {
      resolve();
    });
    worker.once("error", reject);
  });
}

/** Reads a buffer of 1 GiB with a thread on every processor. */
export async function measureBandwidth(repeats: number): Promise<Bandwidth> {
  const threads = availableParallelism();
  const shared = new SharedArrayBuffer(BUFFER_BYTES);
  new Uint8Array(shared).fill(1);
  const length = Math.floor(BUFFER_BYTES / threads);
  const workers = Array.from(
    { length: threads },
    (_, index) => new Worker(READER, { eval: true, workerData: { shared, offset: index * length, length } }),
  );
  const pass = async (): Promise<void> => {
    const answers = workers.map(answer);
    for (const worker of workers) worker.postMessage(null);
    await Promise.all(answers);
  };
  await Promise.all(workers.map(answer));
  await pass();
  const seconds: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await pass();
    seconds.push((performance.now() - started) / 1000);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  const measurement = summarise(seconds, 1);
  return {
    bytesPerSecond: (length * threads) / measurement.median,
    best: (length * threads) / measurement.best,
    threads,
    pass: measurement,
  };
}
