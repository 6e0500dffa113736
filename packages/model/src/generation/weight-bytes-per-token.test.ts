import { fileURLToPath } from "node:url";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { loadModel } from "../load-model.js";
import { weightBytesPerToken } from "./weight-bytes-per-token.js";

const folder = fileURLToPath(new URL("../../fixtures/models/qwen2", import.meta.url));

it("counts codes, scales, biases and updates of every linear, the head included", async () => {
  await startEngine("cpu");
  const model = await loadModel(folder);
  const places = model.linears();
  const dense = places.reduce((sum, { linear }) => {
    const [outFeatures, inFeatures] = linear.shape;
    return sum + 4 * (outFeatures * inFeatures + (linear.denseBias()?.length ?? 0));
  }, 0);
  expect(weightBytesPerToken(model)).toBe(dense);

  const { path, linear } = places[0];
  const [outFeatures, inFeatures] = linear.shape;
  const before = 4 * (outFeatures * inFeatures + (linear.denseBias()?.length ?? 0));
  const [a, b] = [tf.zeros<tf.Rank.R2>([3, inFeatures]), tf.zeros<tf.Rank.R2>([outFeatures, 3])];
  const bias = tf.zeros<tf.Rank.R1>([outFeatures]);
  const blocks = outFeatures * Math.ceil(inFeatures / 64);
  const nested = {
    codes: new Uint8Array(blocks),
    scales: new Float32Array(Math.ceil(blocks / 256)),
    map: new Float32Array(256),
    offset: 0,
  };
  const codes = new Uint8Array(outFeatures * Math.ceil(inFeatures / 2));
  model.replaceLinear(path, {
    shape: linear.shape,
    forward: (x) => linear.forward(x),
    terms: () => ({
      weight: { format: "nf4", shape: linear.shape, codes, scales: null, nested },
      bias,
      update: { a, b, scale: 1, dropout: 0, site: path },
    }),
    denseWeight: () => linear.denseWeight(),
    denseBias: () => linear.denseBias(),
    dispose: () => linear.dispose(),
  });
  const packed = codes.length + blocks + 4 * Math.ceil(blocks / 256) + 1024;
  const rest = 4 * (outFeatures + 3 * (inFeatures + outFeatures));
  expect(weightBytesPerToken(model)).toBe(dense - before + packed + rest);
  tf.dispose([a, b, bias]);
  model.dispose();
});
