import { phrase } from "@lathe/files";
import { createRequire } from "node:module";
import util from "node:util";
import type * as tf from "@tensorflow/tfjs-core";
import type { KernelBackend } from "@tensorflow/tfjs-core";
import { ElementType, type TensorFlowBinding, type TensorInfo } from "./addon-types.js";
import { tensorFlowEnvironment } from "./check-binding.js";
import { BINDING_PACKAGE, bindingPackageFolder, requireOfBindingPackage } from "./binding-package.js";
import { diagnoseLog } from "./diagnose-log.js";
import { deviceError } from "./device-error.js";
import { HandleMemory } from "./handle-memory.js";
import { EngineError } from "../../errors.js";
import { TensorFlowSetupError } from "./setup-error.js";
import type { InstalledBinding } from "./installed-binding.js";

/** What a data id of the backend stands for. */
export interface BackendEntry {
  /** −1 while the values have not been uploaded yet. */
  id: number;
  /** TensorFlow.js tensors that share it. */
  readonly refCount: number;
}

/** What the backend holds. */
export interface BackendEntries {
  /** The entry of a data id. */
  get(dataId: object): BackendEntry;
}

/** The backend of `@tensorflow/tfjs-node-gpu`, with the parts that its types hide. */
export interface NodeBackend extends KernelBackend {
  /** What runs its operations. */
  readonly binding: TensorFlowBinding;
  /** Data ids of TensorFlow.js and their handles. */
  readonly tensorMap: BackendEntries;
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
  /** What its handles take. */
  readonly memory: HandleMemory;
}

let loaded: Loaded | null = null;

/**
 * Loads a binding by its path and makes a TensorFlow.js backend of it; a second call gives the same backend.
 *
 * TensorFlow looks at its variables once, when it is loaded, and keeps its choice of devices for the life of the process.
 * @throws EngineError where the process has another device already; TensorFlowSetupError where the library cannot be loaded
 */
export function loadBackend(
  installed: InstalledBinding,
  kind: DeviceKind,
): Pick<Loaded, "backend" | "memory"> {
  if (loaded) {
    if (loaded.kind === kind && loaded.path === installed.binding) return loaded;
    throw new EngineError(
      kind === "cuda" ? "cuda" : "tensorflow",
      loaded.kind === "cpu"
        ? "this process has loaded TensorFlow for the CPU already; use the other engine in a process of its own"
        : "this process has loaded TensorFlow for a card already; use the other engine in a process of its own",
    );
  }
  Object.assign(process.env, tensorFlowEnvironment(kind, process.env));
  restoreUtilities();
  const bindingPackage = bindingPackageFolder();
  if (bindingPackage === null) {
    throw new TensorFlowSetupError(
      "package",
      phrase`the npm package ${BINDING_PACKAGE} is gone`,
      "run setupTensorFlow() again",
    );
  }
  const raw = requireBinding(installed.binding);
  if (raw.isUsingGpuDevice() !== (kind === "cuda")) {
    throw kind === "cuda"
      ? new TensorFlowSetupError(
          "card",
          "TensorFlow fell back to the CPU",
          "run setupTensorFlow(), which says why",
        )
      : new TensorFlowSetupError(
          "card",
          "TensorFlow took a card in spite of CUDA_VISIBLE_DEVICES=-1",
          "set it before the process starts",
        );
  }
  requireOfBindingPackage(bindingPackage, "dist/register_all_kernels.js");
  const { NodeJSKernelBackend } = requireOfBindingPackage(
    bindingPackage,
    "dist/nodejs_kernel_backend.js",
  ) as {
    NodeJSKernelBackend: new (binding: TensorFlowBinding, name: string) => NodeBackend;
  };
  const memory = new HandleMemory();
  const backend = new NodeJSKernelBackend(guarded(raw, memory), BINDING_PACKAGE);
  loaded = { kind, path: installed.binding, backend, memory };
  return loaded;
}

/** @throws TensorFlowSetupError with the cause and the remedy where a library is gone that was there at the set-up */
function requireBinding(path: string): TensorFlowBinding {
  try {
    return createRequire(import.meta.url)(path) as TensorFlowBinding;
  } catch (error) {
    const { message } = error as Error;
    const known = diagnoseLog(message);
    throw known
      ? new TensorFlowSetupError(known.missing, known.found, known.remedy, null, { cause: error })
      : new TensorFlowSetupError(
          "library",
          phrase`TensorFlow cannot be loaded (${message})`,
          "run setupTensorFlow()",
          null,
          { cause: error },
        );
  }
}

/** Two functions that Node 23 removed and `@tensorflow/tfjs-node-gpu` 4.22 calls. */
function restoreUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  utilities["isArray"] ??= Array.isArray;
}

/** Operations whose result lies in the memory of their first input. */
const VIEWS: ReadonlySet<string> = new Set(["Reshape", "Bitcast", "Identity"]);

/** Errors of the binding become sentences that say what to do, uploads are copies, and memory is counted. */
function guarded(binding: TensorFlowBinding, memory: HandleMemory): TensorFlowBinding {
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
  const executeOp = guard(binding.executeOp, (name) => name);
  const createTensor = guard(copyingUploads(binding), (shape) => `a tensor [${shape.join(", ")}]`);
  // The binding's own properties cannot be written to.
  return Object.create(binding, {
    executeOp: {
      value: ((name, attributes, inputIds, outputs) => {
        const made = executeOp(name, attributes, inputIds, outputs);
        for (const { id, shape, dtype } of made) {
          if (VIEWS.has(name)) memory.share(id, inputIds[0]);
          else memory.add(id, shape, dtype);
        }
        return made;
      }) satisfies TensorFlowBinding["executeOp"],
    },
    createTensor: {
      value: ((shape, dtype, values) => {
        const id = createTensor(shape, dtype, values);
        memory.add(id, shape, dtype);
        return id;
      }) satisfies TensorFlowBinding["createTensor"],
    },
    deleteTensor: {
      value: ((id) => {
        binding.deleteTensor(id);
        memory.remove(id);
      }) satisfies TensorFlowBinding["deleteTensor"],
    },
    tensorDataSync: { value: guard(binding.tensorDataSync, () => "reading a tensor") },
  }) as TensorFlowBinding;
}

/** Bytes between an address of the room and one that TensorFlow would use in place. */
const OFF_ALIGNMENT = 4;

/** Most values go through one room; whole matrices get one of their own. */
const ROOM_BYTES = 2 ** 24;

/**
 * Uploads that TensorFlow always copies.
 *
 * It uses an array in place where its address is aligned as its own memory is, and gives it back when the last user is done.
 * That may be a thread of its own, or the end of the process, and Node allows it in neither: the heap is then corrupt. So
 * values go through a room at addresses that are never aligned, which TensorFlow copies from at once.
 */
function copyingUploads(binding: TensorFlowBinding): TensorFlowBinding["createTensor"] {
  const room = new ArrayBuffer(ROOM_BYTES);
  const roomFor = (bytes: number): ArrayBuffer =>
    bytes + OFF_ALIGNMENT <= room.byteLength ? room : new ArrayBuffer(bytes + OFF_ALIGNMENT);
  const upload: TensorFlowBinding["createTensor"] = (shape, dtype, values) => {
    // Strings come as lists, which are copied anyway.
    if (!ArrayBuffer.isView(values)) return binding.createTensor(shape, dtype, values);
    const Kind = values.constructor as new (
      buffer: ArrayBuffer,
      offset: number,
      length: number,
    ) => typeof values;
    const view = new Kind(roomFor(values.byteLength), OFF_ALIGNMENT, values.length);
    view.set(values);
    return binding.createTensor(shape, dtype, view);
  };
  const probe = upload([2], ElementType.float, Float32Array.of(1, 2));
  new Uint8Array(room, 0, 64).fill(0);
  const [first] = binding.tensorDataSync(probe);
  binding.deleteTensor(probe);
  // A library that takes any address in place is given an array of its own each time.
  return first === 1 ? upload : (shape, dtype, values) => binding.createTensor(shape, dtype, values.slice());
}
