import { elementCount } from "@lathe/model";
import { namedOptimiser, optimiserBytes, type OptimizerName, trainDefaults } from "@lathe/train";
import * as tf from "@tensorflow/tfjs-core";
import { type Measurement, summarise } from "../measure.js";
import { randomFloats } from "../shared/random-weights.js";

/** What an optimiser remembers of its parameters, and how long an update of them takes. */
export interface OptimiserOutcome {
  readonly optimizer: OptimizerName;
  readonly parameters: number;
  /** Bytes of its state without the counts of steps, and what a plan counts for it. */
  readonly stateBytes: number;
  readonly plannedBytes: number;
  readonly bytesPerParameter: number;
  /** Seconds of an update, by the clock and of all processors together: others at work on the machine change only the first. */
  readonly clock: Measurement;
  readonly processor: Measurement;
}

/** Updates random parameters of some shapes with random gradients, on the engine in use. */
export async function measureOptimiser(
  optimizer: OptimizerName,
  shapes: readonly (readonly number[])[],
  { warmUp, repeats }: { readonly warmUp: number; readonly repeats: number },
): Promise<OptimiserOutcome> {
  const tensorOf = (shape: readonly number[], stream: number): tf.Tensor =>
    tf.tensor(randomFloats(elementCount(shape), stream), [...shape]);
  const gradients = new Map<tf.Variable, tf.Tensor>();
  const parameters = shapes.map((shape, index) => {
    const values = tensorOf(shape, 2 * index);
    const variable = tf.variable(values);
    values.dispose();
    gradients.set(variable, tensorOf(shape, 2 * index + 1));
    return { name: `parameter ${index}`, variable };
  });
  const optimiser = namedOptimiser({ ...trainDefaults, optimizer })(parameters);
  const clock: number[] = [];
  const processor: number[] = [];
  try {
    for (let update = 0; update < warmUp + repeats; update++) {
      const [started, before] = [performance.now(), process.cpuUsage()];
      await optimiser.apply((variable) => gradients.get(variable) ?? null, 1e-4);
      const { user, system } = process.cpuUsage(before);
      if (update < warmUp) continue;
      clock.push((performance.now() - started) / 1000);
      processor.push((user + system) / 1e6);
    }
    const stateBytes = optimiser
      .state()
      .filter(({ name }) => !name.endsWith(".step"))
      .reduce((sum, { values }) => sum + values.byteLength, 0);
    const count = shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
    return {
      optimizer,
      parameters: count,
      stateBytes,
      plannedBytes: shapes.reduce((sum, shape) => sum + optimiserBytes(optimizer, shape), 0),
      bytesPerParameter: stateBytes / count,
      clock: summarise(clock, warmUp),
      processor: summarise(processor, warmUp),
    };
  } finally {
    optimiser.dispose();
    for (const [variable, gradient] of gradients) tf.dispose([variable, gradient]);
  }
}
