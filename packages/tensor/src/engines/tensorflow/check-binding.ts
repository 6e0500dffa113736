import { phrase, sayPhrase } from "@lathe/files";
import { fileURLToPath } from "node:url";
import type { Environment } from "./cache-folder.js";
import { type CudaDevice, devicesInLog, diagnoseLog } from "./diagnose-log.js";
import { runCommand } from "./run-command.js";
import { TensorFlowSetupError } from "./setup-error.js";

/** Per name what failed, in a line, or null where it works. */
export type Findings = Readonly<Record<string, string | null>>;

/** What a binding did when it was tried. */
export interface BindingCheck {
  /** Version of TensorFlow. */
  readonly version: string;
  /** The card it computed on, or null for the CPU. */
  readonly device: CudaDevice | null;
  /** Element types: products or unpacking in them. */
  readonly types: Findings;
  /** Operations on float32. */
  readonly operations: Findings;
  /** What TensorFlow wrote while it started. */
  readonly log: string;
}

const script = fileURLToPath(new URL("../../../scripts/check-tensorflow.mjs", import.meta.url));

/** Variables that must be set before TensorFlow is loaded. */
export function tensorFlowEnvironment(
  device: "cpu" | "cuda",
  environment: Environment,
): Record<string, string> {
  const set = (name: string, value: string): Record<string, string> =>
    environment[name] === undefined ? { [name]: value } : {};
  return {
    // Errors come as exceptions; what is less than an error would drown a command's own lines.
    ...set("TF_CPP_MIN_LOG_LEVEL", "2"),
    ...(device === "cuda"
      ? // Else all memory of the card is taken at once, whatever else runs on it.
        set("TF_FORCE_GPU_ALLOW_GROWTH", "true")
      : { CUDA_VISIBLE_DEVICES: "-1" }),
  };
}

/**
 * Loads a binding in a process of its own and computes with it.
 * @throws TensorFlowSetupError when it cannot be loaded or computes wrongly
 */
export async function checkBinding(
  binding: string,
  device: "cpu" | "cuda",
  options: { readonly environment?: Environment; readonly signal?: AbortSignal | undefined } = {},
): Promise<BindingCheck> {
  const environment = options.environment ?? process.env;
  const result = await runCommand(process.execPath, [script, binding], {
    signal: options.signal,
    environment: {
      ...environment,
      ...tensorFlowEnvironment(device, environment),
      TF_CPP_MIN_LOG_LEVEL: "0",
      NODE_OPTIONS: "",
    },
  });
  const line = result.stdout.trim().split("\n").at(-1) ?? "";
  if (result.code !== 0 || !line.startsWith("{")) throw failureOf(result);
  const { version, isGpu, types, operations, handlesLeft } = JSON.parse(line) as {
    version: string;
    isGpu: boolean;
    types: Findings;
    operations: Findings;
    handlesLeft: number;
  };
  if (types["float"] !== null || handlesLeft !== 0) {
    const known = diagnoseLog(result.stderr);
    throw new TensorFlowSetupError(
      "products",
      types["float"] === null
        ? phrase`TensorFlow ${version} loads but kept ${handlesLeft} tensors that were freed`
        : phrase`TensorFlow ${version} loads but its products in float32 are wrong or fail (${types["float"]})`,
      "install another release of TensorFlow",
      known === null ? null : sayPhrase(known.found),
    );
  }
  const log = result.stderr;
  const unnamed: CudaDevice = { name: "an NVIDIA card", computeCapability: "unknown", memoryBytes: 0 };
  return {
    version,
    device: isGpu ? (devicesInLog(log).at(-1) ?? unnamed) : null,
    types,
    operations,
    log,
  };
}

function failureOf(result: Awaited<ReturnType<typeof runCommand>>): TensorFlowSetupError {
  const known = diagnoseLog(result.stderr);
  if (known) return new TensorFlowSetupError(known.missing, known.found, known.remedy);
  const missing = /(lib\S+\.so\S*): cannot open shared object file/.exec(result.stderr)?.[1];
  if (missing !== undefined) {
    return new TensorFlowSetupError(
      "library",
      phrase`the library ${missing} that the binding needs was not found`,
      "install it, or run setupTensorFlow() again if TensorFlow was moved",
    );
  }
  return new TensorFlowSetupError(
    "products",
    result.signal === null
      ? "the compiled binding could not be loaded"
      : phrase`TensorFlow ended the process that tried it (${result.signal})`,
    "install another release of TensorFlow",
    result.stderr.trim().split("\n").slice(-10).join("\n") || null,
  );
}
