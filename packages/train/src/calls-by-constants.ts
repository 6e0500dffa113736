import type * as tf from "@tensorflow/tfjs-core";
import type { GradientOf } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";

/** What the engine takes once a call. */
export interface StepConstants {
  /** Number of the step among those in which the parameters had a gradient, 1 for the first. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Parameters that are moved by the same constants. */
export interface OptimiserCall<Update> {
  readonly constants: StepConstants;
  readonly updates: Update[];
}

/** What of an optimiser's state belongs to one parameter. */
interface Counted {
  /** Steps in which it had a gradient. */
  step: number;
}

/**
 * Counts a step of every parameter that has a gradient, and groups them by the constants that they are moved by: rate, decay and
 * count of steps may be a parameter's own.
 *
 * @param rate of the step, and the decay of parameters that say nothing of it
 */
export function callsByConstants<State extends Counted, Update>(
  parameters: readonly TrainableParameter[],
  stateOf: ReadonlyMap<string, State>,
  gradientOf: GradientOf,
  rate: { readonly learningRate: number; readonly weightDecay: number },
  updateOf: (variable: tf.Variable, gradient: tf.Tensor, state: State) => Update,
): Iterable<OptimiserCall<Update>> {
  const calls = new Map<string, OptimiserCall<Update>>();
  for (const { name, variable, weightDecay = rate.weightDecay, learningRateFactor = 1 } of parameters) {
    const gradient = gradientOf(variable);
    if (!gradient) continue;
    const state = stateOf.get(name)!;
    const step = ++state.step;
    const key = `${step} ${weightDecay} ${learningRateFactor}`;
    let call = calls.get(key);
    if (!call) {
      const learningRate = rate.learningRate * learningRateFactor;
      call = { constants: { step, learningRate, weightDecay }, updates: [] };
      calls.set(key, call);
    }
    call.updates.push(updateOf(variable, gradient, state));
  }
  return calls.values();
}
