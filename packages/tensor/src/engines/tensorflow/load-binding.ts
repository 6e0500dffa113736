import { createRequire } from "node:module";
import util from "node:util";
import type * as tf from "@tensorflow/tfjs";
import type { KernelBackend } from "@tensorflow/tfjs";
import type { TensorFlowBinding, TensorInfo } from "./addon-types.js";
import { tensorFlowEnvironment } from "./check-binding.js";
import { BINDING_PACKAGE } from "./compile-binding.js";
import { deviceError } from "./device-error.js";
import type { InstalledBinding } from "./installed-binding.js";

/** What a data id of the backend stands for. */
export interface BackendEntry {
  /** −1 while the values have not been uploaded yet. */
  id: number;
  readonly refCount: number;
}

/** The backend of `@tensorflow/tfjs-node-gpu`, with the parts that its types hide. */
export interface NodeBackend extends KernelBackend {
  readonly binding: TensorFlowBinding;
  readonly tensorMap: { get(dataId: object): BackendEntry };
  /** Uploads what has not been uploaded yet. */
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  /** Gives a handle of float32, int32 or bool to TensorFlow.js, which frees it from then on. */
  createOutputTensor(info: TensorInfo): tf.Tensor;
}

/** Devices that a process can be on; it stays on the first it was given. */
export type DeviceKind = "cpu" | "cuda";

interface Loaded {
  readonly kind: DeviceKind;
  readonly path: string;
  readonly backend: NodeBackend;
}

let loaded: Loaded | null = null;

/**
 * Loads a binding by its path and makes a TensorFlow.js backend of it; a second call gives the same backend.
 *
 * TensorFlow looks at its variables once, when it is loaded, and keeps its choice of devices for the life of the process.
 * @throws Error where the process has another device already, or the library cannot be loaded
 */
export function loadBackend(installed: InstalledBinding, kind: DeviceKind): NodeBackend {
  if (loaded) {
    if (loaded.kind === kind && loaded.path === installed.binding) return loaded.backend;
    throw new Error(
      `this process has loaded TensorFlow for ${loaded.kind === "cpu" ? "the CPU" : "a card"} already; ` +
        "use the other engine in a process of its own",
    );
  }
  Object.assign(process.env, tensorFlowEnvironment(kind, process.env));
  const require = createRequire(import.meta.url);
  restoreUtilities();
  const raw = require(installed.binding) as TensorFlowBinding;
  if (raw.isUsingGpuDevice() !== (kind === "cuda")) {
    throw new Error(
      kind === "cuda"
        ? "TensorFlow fell back to the CPU; run lathe setup cuda, which says why"
        : "TensorFlow took a card in spite of CUDA_VISIBLE_DEVICES=-1; set it before the process starts",
    );
  }
  require(`${BINDING_PACKAGE}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = require(`${BINDING_PACKAGE}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: TensorFlowBinding, name: string) => NodeBackend;
  };
  const backend = new NodeJSKernelBackend(withClearErrors(raw), BINDING_PACKAGE);
  loaded = { kind, path: installed.binding, backend };
  return backend;
}

/** Two functions that Node 23 removed and `@tensorflow/tfjs-node-gpu` 4.22 calls. */
function restoreUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  utilities["isArray"] ??= Array.isArray;
}

/** The binding, with errors that say what to do. Its own properties cannot be written to. */
function withClearErrors(binding: TensorFlowBinding): TensorFlowBinding {
  const guard =
    <Arguments extends unknown[], Result>(
      call: (...given: Arguments) => Result,
      name: (...given: Arguments) => string,
    ) =>
    (...given: Arguments): Result => {
      try {
        return call(...given);
      } catch (error) {
        throw deviceError(name(...given), error);
      }
    };
  return Object.create(binding, {
    executeOp: { value: guard(binding.executeOp, (name) => name) },
    createTensor: { value: guard(binding.createTensor, (shape) => `a tensor [${shape.join(", ")}]`) },
    tensorDataSync: { value: guard(binding.tensorDataSync, () => "reading a tensor") },
  }) as TensorFlowBinding;
}
