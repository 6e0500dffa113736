import { Worker } from "node:worker_threads";
import { smallYoungGeneration } from "@lathe/train/process";
import type { HostPlace } from "./host-place.js";

const program = new URL("./finetune-program.js", import.meta.url);

/** Opens a thread for a run. */
export function openThread(): HostPlace {
  const worker = new Worker(program, { execArgv: [], resourceLimits: smallYoungGeneration.resourceLimits });
  return {
    listen(onMessage, onFailure) {
      worker.on("message", onMessage);
      worker.on("error", onFailure);
      worker.on("exit", (code) =>
        onFailure(new Error(`the thread of a run ended by itself with code ${code}`)),
      );
    },
    send: (request) => worker.postMessage(request),
    async end() {
      await worker.terminate();
    },
  };
}
