import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../errors.js";

/**
 * How much rounding is allowed. Sums, norms, the residual stream, losses and adapters are float32 in any case.
 *
 * - `fp32`: none.
 * - `bf16`: operands of products with weights where that is faster, and what a pullback needs of activations, to bfloat16.
 * - `int8`: as `bf16`, and in products with int8 weights rows of activations and of gradients to 8 bits (7 on processors
 *   without VNNI) but for columns with outliers (LLM.int8(), arXiv:2208.07339; SwitchBack, arXiv:2304.13013).
 * - `fp16`: operands and results of products with weights to half, whose range is small: training then scales the loss
 *   (arXiv:1710.03740, §3.2).
 */
export type Precision = "fp32" | "bf16" | "int8" | "fp16";

/** A way to compute: a TensorFlow.js backend and the kernels registered for it. */
export interface Engine {
  readonly name: string;
  /** One line for people: what it is and where it runs. */
  readonly description: string;
  /** Precisions of products it offers, the default first. */
  readonly precisions: readonly Precision[];
  /** Whether `auto` tries it at all; without this it does. */
  readonly isAutomatic?: () => boolean;
  /** Bytes that tensors may take on the engine's own device; null or absent where they are the host's. */
  readonly deviceBytes?: () => number | null;
  /** Null if the engine can run here, else the reason why not. Must not throw. */
  probe(): Promise<string | null>;
  /** Makes the engine's backend the current one, with products in the given one of its precisions. */
  start(precision: Precision): Promise<void>;
}

/** The engine in use and why. */
export interface StartedEngine {
  readonly name: string;
  readonly description: string;
  readonly precision: Precision;
  /** Bytes that tensors may take on the engine's own device; null where they are the host's. */
  readonly deviceBytes: number | null;
  /** Engines that `auto` would have preferred, each with the reason it was passed over. */
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

const engines: Engine[] = [];
let precisionInUse: Precision = "fp32";

/** Precision of the engine that was started last; `fp32` before one was. */
export function enginePrecision(): Precision {
  return precisionInUse;
}

/** Adds an engine. `auto` tries engines in descending preference. */
export function registerEngine(engine: Engine, position: number = engines.length): void {
  if (engines.some(({ name }) => name === engine.name)) {
    throw new EngineError(engine.name, `engine ${engine.name} is registered already`);
  }
  engines.splice(position, 0, engine);
}

/** The engines there are, in the order in which `auto` tries them. */
export function listEngines(): readonly Engine[] {
  return engines;
}

function withPrecision(engine: Engine, precision: Precision | "auto"): Precision {
  if (precision === "auto") return engine.precisions[0];
  if (engine.precisions.includes(precision)) return precision;
  throw new EngineError(
    engine.name,
    `precision ${precision}: engine ${engine.name} computes in ${engine.precisions.join(" or ")}`,
  );
}

/**
 * Starts an engine by name, or the first that runs here for `"auto"`. A named engine is never replaced by another.
 * @throws EngineError if it is unknown, cannot run here or does not offer the precision
 */
export async function startEngine(
  name = "auto",
  precision: Precision | "auto" = "auto",
): Promise<StartedEngine> {
  const passedOver: { name: string; reason: string }[] = [];
  const candidates = engines.filter((engine) =>
    name === "auto" ? (engine.isAutomatic?.() ?? true) : engine.name === name,
  );
  if (candidates.length === 0) {
    const known = engines.map((engine) => engine.name).join(", ");
    throw new EngineError(name, `engine ${name} is unknown; expected auto or one of ${known}`);
  }
  for (const engine of candidates) {
    let reason = await engine.probe();
    if (reason === null) {
      const chosen = withPrecision(engine, precision);
      try {
        await engine.start(chosen);
        precisionInUse = chosen;
        const deviceBytes = engine.deviceBytes?.() ?? null;
        return {
          name: engine.name,
          description: engine.description,
          precision: chosen,
          deviceBytes,
          passedOver,
        };
      } catch (error) {
        reason = `it did not start: ${(error as Error).message}`;
      }
    }
    passedOver.push({ name: engine.name, reason });
  }
  const reasons = passedOver.map((passed) => `${passed.name}: ${passed.reason}`).join("; ");
  throw new EngineError(name, `engine ${name} cannot run here (${reasons})`);
}

/** Memory of tensors. */
export interface TensorMemory {
  /** Tensors alive. */
  readonly tensors: number;
  /** Bytes of their values. An engine with accounting of its own counts values that tensors share once. */
  readonly bytes: number;
  /** Most that `bytes` was; without accounting of its own, the most that was seen here. */
  readonly peakBytes: number;
  /** Bytes that the engine holds for tensors, in use or not, where it tells. */
  readonly reservedBytes: number | null;
}

/** What an engine tells of its memory. */
export type MemoryAccount = () => Omit<TensorMemory, "tensors">;

const accounts = new Map<string, MemoryAccount>();
const peaks = new Map<string, number>();

/** Gives an engine its own accounting. @param backend name of the TensorFlow.js backend the engine runs on */
export function registerMemoryAccount(backend: string, account: MemoryAccount): void {
  accounts.set(backend, account);
}

/** Memory of the tensors of the engine in use. */
export function tensorMemory(): TensorMemory {
  const { numTensors: tensors, numBytes: bytes } = tf.memory();
  const backend = tf.getBackend();
  const account = accounts.get(backend);
  if (account) return { tensors, ...account() };
  const peakBytes = Math.max(bytes, peaks.get(backend) ?? 0);
  peaks.set(backend, peakBytes);
  return { tensors, bytes, peakBytes, reservedBytes: null };
}
