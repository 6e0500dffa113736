import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { type Phrase, SpokenError } from "@lathe/files";

/** Address of a library as this package has it, for a worker, which resolves no names of its own. */
export function libraryAddress(name: string): string {
  return pathToFileURL(createRequire(import.meta.url).resolve(name)).href;
}

/** What a guarded worker may use up. */
export interface GuardLimits {
  /** Megabytes of its heap. */
  readonly heapMegabytes: number;
}

/** What a source may find wrong by itself, by the name that it throws it under: sentences that people read in their language. */
export type GuardFaults = Readonly<Record<string, (...values: never[]) => Phrase>>;

/** An error of the thread, as it comes over. */
interface Thrown extends Pick<Error, "name" | "message"> {
  /** What `fault` was called with. */
  readonly fault?: readonly [name: string, ...values: (string | number)[]];
}

/**
 * A thread that answers requests, each within a time, and that is ended when it does not. A library which loops for ever or
 * fills the memory over damaged bytes then costs seconds and an error, where on the caller's own thread nothing could stop it.
 *
 * The source is a module body with `data`, that defines `answer(request)`; the caller hands over addresses of libraries in `data`.
 * It throws by `fault(name, ...values)` what the caller has a sentence for.
 */
export class GuardedWorker {
  readonly #worker: Worker;
  readonly #ready: Promise<void>;
  #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void } | undefined;
  readonly #faults: GuardFaults;
  #failure: Error | undefined;

  constructor(source: string, data: unknown, { heapMegabytes }: GuardLimits, faults: GuardFaults = {}) {
    this.#faults = faults;
    this.#worker = new Worker(`${BEGINNING}${source}${END}`, {
      eval: true,
      workerData: data,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    this.#worker.unref();
    let started: () => void = () => undefined;
    this.#ready = new Promise((resolve) => (started = resolve));
    this.#worker.on("message", (message: { ready?: true; value?: unknown; error?: Thrown }) => {
      if (message.ready === true) return started();
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (message.error === undefined) waiting?.resolve(message.value);
      else waiting?.reject(this.#errorOf(message.error));
    });
    this.#worker.on("error", (error: Error) => {
      this.#fail(
        (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY"
          ? new SpokenError(TOO_LARGE)
          : error,
      );
      started();
    });
  }

  /** Whether the thread has ended, and answers nothing any more. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws Error that says what was wrong with the bytes, also when the answer takes longer than `milliseconds` */
  async request(request: unknown, milliseconds: number): Promise<unknown> {
    // While a request is under way the process lives for it.
    this.#worker.ref();
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#ready; // loading a library is no part of the time
      if (this.#failure !== undefined) throw this.#failure;
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = setTimeout(() => {
          this.#fail(new SpokenError("its structure leads nowhere"));
          void this.#worker.terminate();
        }, milliseconds);
        this.#worker.postMessage(request);
      });
    } finally {
      clearTimeout(timer);
      this.#worker.unref();
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #errorOf({ name, message, fault }: Thrown): Error {
    if (fault === undefined) return Object.assign(new Error(message), { name });
    const [found, ...values] = fault;
    return new SpokenError(this.#faults[found](...(values as never[])));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

const TOO_LARGE = "its structure asks for more memory than any healthy file of its size";

const BEGINNING = `
const { parentPort, workerData: data } = require("node:worker_threads");
(async () => {
const fault = (...found) => {
  throw Object.assign(new Error(found[0]), { fault: found });
};
`;

const END = `
  parentPort.on("message", async (request) => {
    try {
      parentPort.postMessage({ value: await answer(request) });
    } catch (error) {
      const { name, message, fault } = error instanceof Error ? error : new Error(String(error));
      parentPort.postMessage({ error: { name, message, fault } });
    }
  });
  parentPort.postMessage({ ready: true });
})();
`;
