import { parseJson, type Phrase, phrase, phraseOfError } from "@lathe/files";
import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { bindingsFolder, type Environment } from "./cache-folder.js";
import type { Findings } from "./check-binding.js";
import type { CudaDevice } from "./diagnose-log.js";
import { libraryStamp } from "./find-library.js";

/** What a set-up found on one device. */
export interface DeviceFindings {
  readonly types: Findings;
  readonly operations: Findings;
}

/** A set-up as it is kept beside the binding it made. */
export interface InstalledBinding {
  readonly format: 1;
  /** Absolute path of the binding. */
  readonly binding: string;
  readonly tensorFlowVersion: string;
  /** Folder of the library it was compiled against. */
  readonly library: string;
  readonly libraryFiles: readonly string[];
  /** Tells whether the library is still the same. */
  readonly libraryStamp: string;
  /** `process.versions.modules` of the Node that it was compiled for. */
  readonly nodeAbi: string;
  readonly cpu: DeviceFindings;
  /** Null where no card was in use; `cudaReason` says why. */
  readonly cuda: (DeviceFindings & { readonly device: CudaDevice }) | null;
  readonly cudaReason: string | null;
}

/** File that names the binding in use for a Node ABI. */
export function installedPath(environment: Environment, nodeAbi: string = process.versions.modules): string {
  return join(bindingsFolder(environment), `node-${nodeAbi}.json`);
}

/** The binding that was set up for this Node, or the reason why there is none in use. */
export function installedBinding(
  environment: Environment = process.env,
): InstalledBinding | { readonly reason: Phrase } {
  const path = installedPath(environment);
  if (!existsSync(path)) {
    return {
      reason: phrase`no TensorFlow has been set up for Node ${process.version}; run setupTensorFlow()`,
    };
  }
  let installed: InstalledBinding;
  try {
    installed = parseJson(readFileSync(path, "utf8")) as InstalledBinding;
  } catch (error) {
    return {
      reason: phrase`${path} cannot be read (${phraseOfError(error)}); run setupTensorFlow() again`,
    };
  }
  const isWhole =
    installed.format === 1 &&
    typeof installed.binding === "string" &&
    isAbsolute(installed.binding) &&
    Array.isArray(installed.libraryFiles) &&
    typeof installed.libraryStamp === "string" &&
    typeof installed.cpu === "object";
  if (!isWhole)
    return { reason: phrase`${path} is not a set-up of this version of Lathe; run setupTensorFlow() again` };
  if (!existsSync(installed.binding) || dirname(dirname(installed.binding)) !== dirname(path)) {
    return { reason: phrase`the compiled binding ${installed.binding} is gone; run setupTensorFlow() again` };
  }
  const stamp = libraryStamp(installed.libraryFiles);
  if (stamp === null) {
    return {
      reason: phrase`the TensorFlow library in ${installed.library} is gone; run setupTensorFlow() again`,
    };
  }
  if (stamp !== installed.libraryStamp) {
    return {
      reason: phrase`the TensorFlow library in ${installed.library} has changed since it was set up (it was ${installed.tensorFlowVersion}); run setupTensorFlow() again`,
    };
  }
  return installed;
}
