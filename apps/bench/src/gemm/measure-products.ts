import { sayPhrase } from "@lathe/files";
import {
  loadNativeKernels,
  type NativeKernels,
  type ProductPrecision,
  type WeightMatrix,
} from "@lathe/kernels";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { type BaseFormat, randomFloats, randomLinear, randomMatrix } from "../shared/random-weights.js";
import {
  type Direction,
  kindName,
  type LatheGemmJob,
  type LatheGemmOutcome,
  type MeasuredProduct,
} from "./gemm-job.js";

/** Elements of each product that are checked against a sum in float64. */
const CHECKED_ELEMENTS = 64;

/** Times a product until the repeats or the budget are used up, after one run that does not count. */
export function timed(run: () => void, repeats: number, budget: number): number[] {
  run();
  const seconds: number[] = [];
  const begun = performance.now();
  do {
    const started = performance.now();
    run();
    seconds.push((performance.now() - started) / 1000);
  } while (seconds.length < repeats && (performance.now() - begun) / 1000 < budget);
  return seconds;
}

/** Measures the job's products: where the engine reads packed weights in place its kernels alone, on others a linear of a model. */
export async function measureProducts(job: LatheGemmJob): Promise<LatheGemmOutcome> {
  const engine = await startEngine(job.engine);
  const passedOver: string[] = [];
  const products =
    engine.fusedLinears !== null ? nativeProducts(job) : linearProducts(job, engine.name, passedOver);
  return { engine: engine.name, engineDescription: engine.description, products, passedOver };
}

function nativeProducts({ shapes, kinds, direction, repeats, budget }: LatheGemmJob): MeasuredProduct[] {
  const loaded = loadNativeKernels();
  if (!("kernels" in loaded)) throw new Error(sayPhrase(loaded.reason));
  const { kernels } = loaded;
  return shapes.flatMap((shape) => {
    const { rows, outFeatures, inFeatures } = shape;
    const [from, to] = direction === "forward" ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
    const input = randomFloats(rows * from, 1);
    const output = new Float32Array(rows * to);
    return kinds.map((kind) => {
      const weight = weightMatrix(kind.format, [outFeatures, inFeatures], kernels);
      const options = { precision: kind.precision as ProductPrecision };
      const run = (): void => {
        if (direction === "forward") kernels.linear(input, weight, null, output, options);
        else kernels.linearInputGradient(input, weight, output, options);
      };
      const seconds = timed(run, repeats, budget);
      const error = sampledError(kernels, weight, input, output, rows, direction);
      return { ...shape, kind: kindName(kind), seconds, error };
    });
  });
}

function weightMatrix(
  format: BaseFormat,
  shape: readonly [number, number],
  kernels: NativeKernels,
): WeightMatrix {
  if (format !== "fp32") return randomMatrix(format, shape, 2, kernels);
  return { format, shape, codes: randomFloats(shape[0] * shape[1], 2), scales: null };
}

/** Root mean square error of elements spread over the output, by their root mean square. */
function sampledError(
  kernels: NativeKernels,
  weight: WeightMatrix,
  input: Float32Array,
  output: Float32Array,
  rows: number,
  direction: Direction,
): number {
  const [outFeatures, inFeatures] = weight.shape;
  const dense = new Float32Array(outFeatures * inFeatures);
  kernels.gatherRows(
    weight,
    Int32Array.from({ length: outFeatures }, (_, row) => row),
    dense,
  );
  const [from, to] = direction === "forward" ? [inFeatures, outFeatures] : [outFeatures, inFeatures];
  let [squaredError, squares] = [0, 0];
  for (let n = 0; n < CHECKED_ELEMENTS; n++) {
    const place = Math.floor(((n + 0.5) / CHECKED_ELEMENTS) * rows * to);
    const [row, column] = [Math.floor(place / to), place % to];
    let sum = 0;
    for (let i = 0; i < from; i++) {
      const w = direction === "forward" ? dense[column * inFeatures + i] : dense[i * inFeatures + column];
      sum += input[row * from + i] * w;
    }
    squaredError += (output[place] - sum) ** 2;
    squares += sum ** 2;
  }
  return Math.sqrt(squaredError / squares);
}

function linearProducts(
  { shapes, kinds, direction, repeats, budget }: LatheGemmJob,
  engine: string,
  passedOver: string[],
): MeasuredProduct[] {
  const offered = kinds.filter((kind) => {
    const reason =
      kind.precision !== "fp32"
        ? `engine ${engine} multiplies in fp32`
        : direction !== "forward"
          ? `engine ${engine} is measured forward`
          : null;
    if (reason !== null) passedOver.push(`${kindName(kind)}: ${reason}`);
    return reason === null;
  });
  return shapes.flatMap((shape) => {
    const { rows, outFeatures, inFeatures } = shape;
    const x = tf.tensor2d(randomFloats(rows * inFeatures, 1), [rows, inFeatures]);
    const measured = offered.map((kind) => {
      const linear = randomLinear(kind.format, [outFeatures, inFeatures], false, 2);
      const run = (): void => {
        tf.tidy(() => linear.forward(x).dataSync());
      };
      const seconds = timed(run, repeats, budget);
      linear.dispose();
      return { ...shape, kind: kindName(kind), seconds };
    });
    x.dispose();
    return measured;
  });
}
