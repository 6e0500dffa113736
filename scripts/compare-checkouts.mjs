// Compares the numbers of this checkout with those of another, both built, bit by bit: losses, gradients and parameters of a
// seeded training, and greedy continuations, of a small model of each architecture on each engine; and the most bytes that
// tensors took. Exits with code 1 where a bit differs or memory has grown.
//
//   node scripts/compare-checkouts.mjs OTHER [--engines native:bf16,native:fp32,wasm:fp32] [--json]

/* eslint-disable @typescript-eslint/no-unsafe-call -- what checkouts export is known when they are named */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = resolve(fileURLToPath(new URL("..", import.meta.url)));
const models = ["qwen2", "llama", "qwen3"];
const STEPS = 6;

/**
 * Trains and generates, in a process of its own for each checkout, engine and model.
 * @param {string} checkout   @param {string} engine its name, a colon, its precision   @param {string} name of the model
 */
async function measure(checkout, engine, name) {
  /** @param {string} folder @returns {Promise<any>} */
  const load = (folder) => import(pathToFileURL(join(checkout, "packages", folder, "dist", "index.js")).href);
  const [tensor, { loadModel, flatBatch, generate }, { attach, trainableParameters }] = await Promise.all(
    ["tensor", "model", "peft"].map(load),
  );
  const [engineName, precision] = engine.split(":");
  const started = await tensor.startEngine(engineName, precision);
  const model = await loadModel(join(here, "packages", "model", "fixtures", "models", name));
  attach(model, { rank: 4, alpha: 8, dropout: 0.1, seed: 7 });

  const hash = createHash("sha256");
  /** @param {Iterable<number>} values */
  const take = (values) => hash.update(new Uint8Array(Float32Array.from(values).buffer));
  const { vocabularySize } = model.config;
  const rows = [0, 1].map((row) => {
    const inputIds = Int32Array.from({ length: 40 + row }, (_, i) => (i * 7 + row * 5 + 3) % vocabularySize);
    return { inputIds, labels: inputIds };
  });
  const batch = flatBatch(rows);
  const parameters = /** @type {any[]} */ (trainableParameters(model));
  const variables = parameters.map(({ variable }) => variable);
  const update = optimiserOf(checkout, variables, started.routines ?? tensor.routines());
  /** @type {number[]} */
  const losses = [];
  for (let step = 0; step < STEPS; step++) {
    model.checkpointing = step % 2 === 0 ? "none" : "block";
    const { value, gradients } = tensor.withDropout({ seed: 3, step, microBatch: 0 }, () =>
      tensor.valueAndGradients(() => model.loss(batch), variables),
    );
    losses.push(value.dataSync()[0]);
    for (const gradient of gradients) take(gradient.dataSync());
    update(gradients, step + 1);
    for (const one of [value, ...gradients]) one.dispose();
  }
  for (const variable of variables) take(variable.dataSync());
  take(losses);
  const { peakBytes } = tensor.tensorMemory();

  // The format in which keys and values lie by default is an engine's choice; here both checkouts are given one.
  const cache = engineName === "native" ? "bf16" : "fp32";
  const prompts = [[1, 2, 3], [9], Array.from({ length: 70 }, (_, i) => 3 + (i % 50))];
  for await (const { sequence, id } of generate(model, prompts, { maxNewTokens: 24, stopIds: [], cache })) {
    take([sequence, id]);
  }
  return { hash: hash.digest("hex"), loss: losses.at(-1), peakBytes };
}

/**
 * Steps of AdamW by the engine's routine.
 * @param {string} checkout   @param {any[]} variables   @param {any} routines
 */
function optimiserOf(checkout, variables, routines) {
  const tf = createRequire(join(checkout, "packages", "tensor", "package.json"))("@tensorflow/tfjs-core");
  const moments = () => variables.map(({ shape }) => tf.variable(tf.zeros(shape), false));
  const [first, second] = [moments(), moments()];
  const decay = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
  /** @param {any[]} gradients   @param {number} step counts from 1 */
  return (gradients, step) => {
    const updates = variables.map((variable, i) => ({
      variable,
      gradient: gradients[i],
      first: first[i],
      second: second[i],
    }));
    routines.adamW(updates, { ...decay, learningRate: 1e-2, gradientScale: 1, step });
  };
}

/**
 * What {@link measure} gives.
 * @param {string[]} what its arguments
 * @returns {{ hash: string, loss: number, peakBytes: number }}
 */
function inProcess(...what) {
  const script = fileURLToPath(import.meta.url);
  const run = spawnSync(process.execPath, [script, "--measure", ...what], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`${what.join(", ")}: ${run.stderr}`);
  return JSON.parse(run.stdout.trim().split("\n").pop() ?? "");
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engines: { type: "string", default: "native:bf16,native:fp32,native:int8,wasm:fp32,cpu:fp32" },
    json: { type: "boolean", default: false },
    measure: { type: "boolean", default: false },
  },
});
if (flags.measure) {
  console.log(JSON.stringify(await measure(positionals[0], positionals[1], positionals[2])));
} else {
  if (positionals.length !== 1) throw new Error("expected the folder of another checkout that is built");
  const other = resolve(positionals[0]);
  const results = flags.engines.split(",").flatMap((engine) =>
    models.map((model) => {
      const [there, ours] = [other, here].map((checkout) => inProcess(checkout, engine, model));
      return {
        engine,
        model,
        sameBits: there.hash === ours.hash,
        loss: ours.loss,
        lossThere: there.loss,
        peakBytes: ours.peakBytes,
        peakBytesThere: there.peakBytes,
      };
    }),
  );
  if (flags.json) console.log(JSON.stringify(results, null, 2));
  else console.table(results);
  const isWorse = results.some((one) => !one.sameBits || one.peakBytes > one.peakBytesThere);
  if (isWorse) process.exitCode = 1;
}
