import { type Phrase, phrase, SpokenError } from "@lathe/files";

/** What went wrong on a device. */
export type DeviceFault = "out of memory" | "device lost" | "no kernel" | "other";

/** TensorFlow refused or failed an operation. */
export class DeviceError extends SpokenError {
  override readonly name = "DeviceError";

  constructor(
    readonly fault: DeviceFault,
    /** The operation, or what was read or written. */
    readonly operation: string,
    sentence: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}

const OUT_OF_MEMORY = /\bOOM\b|out of memory|ran out of memory|Invalid TF_Status: 8\b/i;
const LOST =
  /GPU is lost|CUDA_ERROR_(?:ILLEGAL_ADDRESS|LAUNCH_FAILED|DEVICE_UNAVAILABLE|ECC_UNCORRECTABLE|CONTEXT_IS_DESTROYED|HARDWARE_STACK_ERROR|NOT_INITIALIZED|UNKNOWN)|unspecified launch failure|fallen off the bus|Could not synchronize CUDA|device kernel image is invalid|Xid/i;
const NO_KERNEL = /Could not find device for node|No OpKernel was registered|not supported on this device/i;

/** Turns an error of the binding into a sentence with its cause and the remedy. */
export function deviceError(operation: string, error: unknown): DeviceError {
  const text = error instanceof Error ? error.message : String(error);
  // "Invalid TF_Status: 8\nMessage: OOM when allocating …"
  const said = (/Message: ([^\n]*)/.exec(text)?.[1] ?? text.split("\n")[0]).trim();
  const cause = { cause: error };
  if (OUT_OF_MEMORY.test(text)) {
    return new DeviceError(
      "out of memory",
      operation,
      phrase`TensorFlow has no memory left for ${operation} (${said}); lower the batch size or the longest row, keep only the inputs of layers (gradient checkpointing), or pack the base weights as int8 or nf4`,
      cause,
    );
  }
  if (LOST.test(text)) {
    return new DeviceError(
      "device lost",
      operation,
      phrase`the card was lost during ${operation} (${said}); check it with nvidia-smi and the system's log, then resume the run from its last checkpoint in a new process`,
      cause,
    );
  }
  if (NO_KERNEL.test(text)) {
    return new DeviceError(
      "no kernel",
      operation,
      phrase`this TensorFlow has no kernel for ${operation} in that type (${said}); use another precision or release`,
      cause,
    );
  }
  return new DeviceError("other", operation, phrase`TensorFlow: ${operation} failed (${said})`, cause);
}
