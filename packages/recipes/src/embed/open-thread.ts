import type { Phrase } from "@lathe/files";
import { Worker } from "node:worker_threads";
import { smallYoungGeneration } from "@lathe/train/process";
import { EndedByItselfError } from "./ended-by-itself-error.js";
import type { HostPlace } from "./host-place.js";

/**
 * Opens a thread.
 * @param program what it runs
 * @param what it is, for the sentence that it ended by itself
 */
export function openThread<Message, Request>(program: URL, what: Phrase): HostPlace<Message, Request> {
  const worker = new Worker(program, { execArgv: [], resourceLimits: smallYoungGeneration.resourceLimits });
  return {
    listen(onMessage, onFailure) {
      worker.on("message", onMessage);
      worker.on("error", onFailure);
      worker.on("exit", (code) => onFailure(new EndedByItselfError(what, code)));
    },
    send: (request) => worker.postMessage(request),
    async end() {
      await worker.terminate();
    },
  };
}
