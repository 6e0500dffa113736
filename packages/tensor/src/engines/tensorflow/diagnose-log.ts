import { phrase } from "@lathe/files";
import type { Phrase } from "@lathe/files";
import type { MissingPart } from "./setup-error.js";

/** A card as TensorFlow took it into use. */
export interface CudaDevice {
  readonly name: string;
  /** E.g. "8.6". */
  readonly computeCapability: string;
  /** Bytes that TensorFlow may use of it. */
  readonly memoryBytes: number;
}

/** Cards in what TensorFlow says while it starts. The binding computes on the last. */
export function devicesInLog(log: string): CudaDevice[] {
  const created =
    /device:GPU:\d+ with (\d+) MB memory\)?:?\s*-> (?:physical GPU \()?\s*device: \d+, name: ([^,]+), .*?compute capability: ([\d.]+)/g;
  return [...log.matchAll(created)].map(([, megabytes, name, computeCapability]) => ({
    name,
    computeCapability: computeCapability.replace(/\.$/, ""),
    memoryBytes: Number(megabytes) * 1024 ** 2,
  }));
}

/** Why a card is not in use: the part that is missing, and a sentence's two halves. */
export interface Diagnosis {
  readonly missing: MissingPart;
  readonly found: string | Phrase;
  readonly remedy: string | Phrase;
}

interface Rule {
  readonly pattern: RegExp;
  readonly diagnosis: (match: RegExpMatchArray) => Diagnosis;
}

const INSTALL_CUDA =
  "install the CUDA libraries of that version (python3 -m pip install tensorflow[and-cuda] brings them) " +
  "or put their folder on LD_LIBRARY_PATH, and run setupTensorFlow() again";

const rules: readonly Rule[] = [
  {
    pattern:
      /libcuda\.so\.1['"]?[;:].*(?:cannot open|not found)|Could not find cuda drivers on your machine/i,
    diagnosis: () => ({
      missing: "driver",
      found: "the NVIDIA driver (libcuda.so.1) is not installed",
      remedy: "install the driver of the card and run setupTensorFlow() again",
    }),
  },
  {
    pattern:
      /driver version is insufficient|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH|CUDA_ERROR_COMPAT_NOT_SUPPORTED|forward compatibility was attempted/i,
    diagnosis: () => ({
      missing: "driver",
      found: "the NVIDIA driver is too old for the CUDA libraries that this TensorFlow loads",
      remedy: "update the driver, or install a TensorFlow built for an older CUDA",
    }),
  },
  {
    pattern: /kernel (?:driver|version).{0,40}does not match|API version mismatch/i,
    diagnosis: () => ({
      missing: "driver",
      found: "the loaded NVIDIA kernel module is of another version than the driver's libraries",
      remedy: "restart the machine so that the new module is loaded",
    }),
  },
  {
    pattern:
      /CUDA_ERROR_(?:INVALID_PTX|NO_BINARY_FOR_GPU|UNSUPPORTED_PTX_VERSION|INVALID_HANDLE)|no kernel image is available|Ignoring visible gpu device[^\n]*minimum required/i,
    diagnosis: () => ({
      missing: "version",
      found: "this TensorFlow was not built for the generation of this card",
      remedy: "install a TensorFlow release that supports it",
    }),
  },
  {
    pattern: /(lib(?!tensorflow)[\w+-]+\.so[.\d]*)['"]?[:;][^\n]*cannot open/i,
    diagnosis: ([, name]) => ({
      missing: "cuda libraries",
      found: phrase`the CUDA library ${name} was not found`,
      remedy: INSTALL_CUDA,
    }),
  },
  {
    pattern: /Cannot dlopen some GPU libraries|Cannot register .* factory.*cudnn.*version/i,
    diagnosis: () => ({
      missing: "cuda libraries",
      found: "some of the CUDA libraries that this TensorFlow needs were not found",
      remedy: INSTALL_CUDA,
    }),
  },
  {
    pattern: /CUDA_ERROR_OUT_OF_MEMORY|out of memory/i,
    diagnosis: () => ({
      missing: "memory",
      found: "the card has no memory left",
      remedy: "end other programs that use it (nvidia-smi lists them)",
    }),
  },
  {
    pattern: /CUDA_ERROR_NO_DEVICE|no CUDA-capable device/i,
    diagnosis: () => ({
      missing: "card",
      found: "the driver shows no card to this process",
      remedy:
        "check CUDA_VISIBLE_DEVICES and, in a container, that it was started with the card (--gpus all)",
    }),
  },
  {
    pattern: /failed call to cuInit: ([^\n]+)/i,
    diagnosis: ([, reason]) => ({
      missing: "driver",
      found: phrase`the NVIDIA driver did not start (${reason.trim()})`,
      remedy: "check that nvidia-smi works, and restart the machine after a change of driver",
    }),
  },
];

/** The cause that TensorFlow's messages give for not using a card, or null where they give none that is known. */
export function diagnoseLog(log: string): Diagnosis | null {
  for (const { pattern, diagnosis } of rules) {
    const match = pattern.exec(log);
    if (match) return diagnosis(match);
  }
  return null;
}
