// Fine-tunes a model on rows, shows every step and asks the tuned model something. Ctrl-C writes a checkpoint.
//
//   node examples/finetune/finetune.mjs MODEL ROWS OUTPUT [STEPS]

import { finetune, openModel, respond } from "@lathe/recipes";

const [folder, data, output, steps = "0"] = process.argv.slice(2); // 0 steps: as many as three passes hold
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());

const model = await openModel(folder, { quantize: "int8" });
const run = { model, data, output, lora: { rank: 16 }, train: { maxSteps: Number(steps) } };
for await (const step of finetune({ ...run, signal: interrupt.signal })) {
  console.log(`step ${step.step} of ${step.totalSteps}: loss ${step.loss.toFixed(4)}`);
}
if (!interrupt.signal.aborted) {
  const asked = { prompt: "你好", generation: { maxNewTokens: 32 } };
  for await (const piece of respond({ model, ...asked })) process.stdout.write(piece.text);
  console.log(`\nadapter: ${output}/adapter`);
}
model.dispose();
