import { type Phrase, phrase } from "@lathe/files";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { EngineDefinition, EngineParts, Precision } from "../../engine.js";
import { ElementType } from "./addon-types.js";
import { deviceOf } from "./device.js";
import { type InstalledBinding, installedBinding } from "./installed-binding.js";
import { type DeviceKind, loadBackend } from "./load-binding.js";
import { nvidiaCard } from "./nvidia-card.js";
import { tensorFlowKernels } from "./tensorflow-operations.js";
import { tensorFlowRoutines } from "./tensorflow-routines.js";

/**
 * Raises gradients of logits, of which the largest is 1, to where half is normal from 6e-8 on; sums over a vocabulary stay far
 * below 65504 all the same, as the gradients of a row add up to 0.
 */
const HALF_HEADROOM = 1024;

/** Starts TensorFlow on a device under a backend's name. */
async function start(
  name: "tensorflow" | "cuda",
  installed: InstalledBinding,
  precision: Precision,
): Promise<Partial<EngineParts>> {
  const kind: DeviceKind = name === "cuda" ? "cuda" : "cpu";
  const findings = kind === "cuda" ? installed.cuda! : installed.cpu;
  const { backend, memory } = loadBackend(installed, kind);
  const device = deviceOf(backend, memory);
  if (!tf.findBackendFactory(name)) {
    if (name === "cuda") tf.copyRegisteredKernels("tensorflow", "cuda");
    tf.registerBackend(name, () => backend);
  }
  if (!(await tf.setBackend(name))) {
    throw new EngineError(name, phrase`the ${name} backend did not start`);
  }
  await tf.ready();
  const type = precision === "fp16" ? ElementType.half : ElementType.float;
  return {
    kernels: tensorFlowKernels(device, type, findings.operations),
    routines: tensorFlowRoutines(device),
    memory: () => device.account(),
    // Checkpoints store weights so, and either operand of a product may be taken as transposed at no cost.
    weightLayout: "OI",
    gradientHeadroom: type === ElementType.half ? HALF_HEADROOM : 1,
    deviceBytes: kind === "cuda" ? installed.cuda!.device.memoryBytes || null : null,
    handles: () => ({ transient: device.transientHandles, kept: device.keptHandles }),
  };
}

/** Null and the set-up, or why there is none. */
function setUp(): { readonly installed: InstalledBinding | null; readonly reason: string | Phrase | null } {
  const found = installedBinding();
  return "reason" in found ? { installed: null, reason: found.reason } : { installed: found, reason: null };
}

/** Precisions that the trial found to work, the first of them the default. */
function precisionsOf(findings: InstalledBinding["cpu"] | undefined, ...wanted: Precision[]): Precision[] {
  const offered = wanted.filter((name) => name !== "fp16" || findings?.types["half"] === null);
  return offered.length > 0 ? offered : ["fp32"];
}

/** TensorFlow's kernels on the CPU; only where it is asked for. */
export const tensorFlowEngine: EngineDefinition = {
  name: "tensorflow",
  isAutomatic: () => false,
  get description() {
    const { installed } = setUp();
    return installed
      ? phrase`TensorFlow ${installed.tensorFlowVersion} on the CPU, no card in use`
      : "TensorFlow on the CPU";
  },
  get precisions() {
    return precisionsOf(setUp().installed?.cpu, "fp32", "fp16");
  },
  probe: () => Promise.resolve(setUp().reason),
  async start(precision) {
    const { installed, reason } = setUp();
    if (!installed) throw new EngineError("tensorflow", reason!);
    return start("tensorflow", installed, precision);
  },
};

/** Why the card is not in use; null where it is. */
function cudaFault(): string | Phrase | null {
  const { installed, reason } = setUp();
  if (!installed) return reason;
  if (installed.cuda === null) {
    return (
      installed.cudaReason ?? "TensorFlow did not use a card when it was set up; run setupTensorFlow() again"
    );
  }
  return nvidiaCard() === null
    ? "there is no NVIDIA card for this process (CUDA_VISIBLE_DEVICES may hide it)"
    : null;
}

/** TensorFlow's kernels on an NVIDIA card. */
export const cudaEngine: EngineDefinition = {
  name: "cuda",
  // Without a card there is nothing to pass over, and nothing to tell.
  isAutomatic: () => nvidiaCard() !== null,
  get description() {
    const { installed } = setUp();
    if (!installed?.cuda) return "TensorFlow on an NVIDIA card";
    const { name, memoryBytes } = installed.cuda.device;
    const memory = memoryBytes > 0 ? `, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB` : "";
    return phrase`TensorFlow ${installed.tensorFlowVersion} on ${name}${memory}`;
  },
  get precisions() {
    return precisionsOf(setUp().installed?.cuda ?? undefined, "fp16", "fp32");
  },
  probe: () => Promise.resolve(cudaFault()),
  async start(precision) {
    const reason = cudaFault();
    const { installed } = setUp();
    if (reason !== null || !installed) throw new EngineError("cuda", reason ?? "TensorFlow is not set up");
    return start("cuda", installed, precision);
  },
};
