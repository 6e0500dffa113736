import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { randomFloats } from "../shared/random-weights.js";
import type { GemmJob, GemmOutcome } from "./gemm-job.js";
import { timed } from "./measure-products.js";

/** The job of a TensorFlow.js backend as npm has it, without anything of Lathe's. */
export interface TfjsJob extends GemmJob {
  readonly backend: "wasm" | "cpu";
}

/** Measures float32 products with `tf.matMul`. */
export async function measureTfjsProduct(job: TfjsJob): Promise<GemmOutcome> {
  const { backend, shapes, repeats, budget } = job;
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js backend ${backend} did not start`);
  await tf.ready();
  const products = shapes.map((shape) => {
    const { rows, outFeatures, inFeatures } = shape;
    const x = tf.tensor2d(randomFloats(rows * inFeatures, 1), [rows, inFeatures]);
    // The layout that these backends multiply fastest.
    const weight = tf.tensor2d(randomFloats(outFeatures * inFeatures, 2), [inFeatures, outFeatures]);
    const run = (): void => {
      tf.tidy(() => tf.matMul(x, weight).dataSync());
    };
    const seconds = timed(run, repeats, budget);
    tf.dispose([x, weight]);
    return { ...shape, kind: `tfjs-${backend}`, seconds };
  });
  return { products };
}
