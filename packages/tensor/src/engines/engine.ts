import * as tf from "@tensorflow/tfjs";
import { EngineError } from "../errors.js";

/**
 * How much rounding is allowed. Sums, norms, the residual stream, losses and adapters are float32 in any case.
 *
 * - `fp32`: none.
 * - `bf16`: operands of products with weights where that is faster, and what a pullback needs of activations, to bfloat16.
 * - `int8`: as `bf16`, and in products with int8 weights rows of activations and of gradients to 8 bits but for columns with
 *   outliers (LLM.int8(), arXiv:2208.07339; SwitchBack, arXiv:2304.13013).
 */
export type Precision = "fp32" | "bf16" | "int8";

/** A way to compute: a TensorFlow.js backend and the kernels registered for it. */
export interface Engine {
  readonly name: string;
  /** One line for people: what it is and where it runs. */
  readonly description: string;
  /** Precisions of products it offers, the default first. */
  readonly precisions: readonly Precision[];
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
  /** Engines that `auto` would have preferred, each with the reason it was passed over. */
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

const engines: Engine[] = [];

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
  const candidates = name === "auto" ? engines : engines.filter((engine) => engine.name === name);
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
        return { name: engine.name, description: engine.description, precision: chosen, passedOver };
      } catch (error) {
        reason = `it did not start: ${(error as Error).message}`;
      }
    }
    passedOver.push({ name: engine.name, reason });
  }
  const reasons = passedOver.map((passed) => `${passed.name}: ${passed.reason}`).join("; ");
  throw new EngineError(name, `engine ${name} cannot run here (${reasons})`);
}

/** Bytes and tensors that TensorFlow.js counts as alive. */
export function tensorMemory(): { readonly tensors: number; readonly bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}
