import type { Messages } from "./messages.js";

/** English. */
export const en: Messages = {
  engine: (name, precision, description) => `engine ${name}, ${precision}: ${description}`,
  passedOver: (name, reason) =>
    `engine ${name} passed over: ${reason.replace(/\.?$/, ".")} lathe doctor says more.`,
  loadingModel: "loading",
  memoryPlan: (recomputed, layers, expected, budget) =>
    `memory: about ${expected} of ${budget}, ${recomputed} of ${layers} layers computed again`,
  memoryShort: (expected, budget) =>
    `about ${expected} are needed even with every layer computed again, and about ${budget} are free; the system may end the run or swap. A smaller --batch-size, shorter rows (--max-tokens) or packed weights (--quantize) take less.`,
  warning: "warning",
  timeLeft: (duration) => `${duration} left`,
  reading: "reading",
  writing: "writing",
  rows: (used, total) => `${used} of ${total} rows`,
  rowsSetAside: (count, file) =>
    `${count} ${count === 1 ? "row" : "rows"} set aside as unusable${file === "" ? "" : `, listed in ${file}`}`,
  rowsCut: (count, maxTokens) => `${count} ${count === 1 ? "row" : "rows"} cut to ${maxTokens} tokens`,
  rowsLong: (count, maxPositions) =>
    `${count} ${count === 1 ? "row is" : "rows are"} longer than the ${maxPositions} tokens that the model is meant to read`,
  rowsUnscored: (count) =>
    `${count} ${count === 1 ? "row" : "rows"} left out: no label to learn from, or none within the token limit`,
  training: "training",
  evaluating: "evaluating",
  scoring: "scoring",
  generating: "generating",
  merging: "merging",
  quantising: "quantising",
  loss: "loss",
  tokensPerSecond: (rate) => `${rate} tokens/s`,
  resuming: (step) => `resuming after step ${step}`,
  validation: (step, loss, perplexity) => `step ${step}: validation loss ${loss}, perplexity ${perplexity}`,
  interrupting: "interrupted: finishing up; once more ends at once",
  outputFault: (reason) => `the output could not be written: ${reason}`,
  interrupted: (step, output) => `interrupted after step ${step}; continue with --resume --output ${output}`,
  trained: (steps, duration) => `${steps} steps in ${duration}`,
  adapterAt: (folder) => `adapter: ${folder}`,
  chatHelp: "/reset forgets the conversation, /exit ends it",
  chatReset: "forgotten",
  setupStep: (step, subject) =>
    ({
      library: `looking for TensorFlow${subject === "" ? "" : ` in ${subject}`}`,
      compile: `compiling the binding for TensorFlow ${subject}, some 15 s`,
      check: `computing with TensorFlow ${subject} on the CPU`,
      "check card": `computing on ${subject}`,
    })[step],
};
