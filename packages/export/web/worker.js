/** The model of a bundle. It is a worker, so that the page answers while it computes; everything is read from this folder. */
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  InterruptableStoppingCriteria,
  TextStreamer,
} from "./runtime/transformers.js";

const here = new URL("./", import.meta.url);
env.allowRemoteModels = false;
env.allowLocalModels = true;
// A path: what is a whole address counts as a model elsewhere.
env.localModelPath = here.pathname;
// What is read lies beside the page: the browser's own cache of files does.
env.useBrowserCache = false;
env.useWasmCache = false;
env.backends.onnx.wasm.wasmPaths = { wasm: new URL("runtime/ort.wasm", here).href };

let bundle;
let tokenizer;
let model;
const stopping = new InterruptableStoppingCriteria();

/** Whether a card is there that computes in what the weights are in. */
async function hasCard(type) {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return adapter ? type !== "fp16" || adapter.features.has("shader-f16") : false;
}

async function open(device) {
  const parts = new Map();
  return await AutoModelForCausalLM.from_pretrained("model", {
    dtype: bundle.type,
    device,
    progress_callback({ status, file, loaded, total }) {
      if (status !== "progress" || !file.startsWith("onnx/")) return;
      parts.set(file, total ? loaded / total : 0);
      const part = [...parts.values()].reduce((sum, one) => sum + one, 0) / parts.size;
      postMessage({ type: "loading", part: Math.min(1, part) });
    },
  });
}

async function load(asked) {
  bundle = await (await fetch(new URL("bundle.json", here))).json();
  tokenizer = await AutoTokenizer.from_pretrained("model");
  let device = asked === "wasm" || !(await hasCard(bundle.type)) ? "wasm" : "webgpu";
  try {
    model = await open(device);
  } catch (error) {
    if (device === "wasm") throw error;
    // A card that does not take the model is as good as none.
    device = "wasm";
    model = await open(device);
  }
  const kind = tokenizer.chat_template ? "chat" : "text";
  postMessage({
    type: "ready",
    name: bundle.name,
    device: device === "wasm" ? "WebAssembly" : "WebGPU",
    kind,
  });
}

/** The end of a prompt as the model has learnt it: with an empty thought, or with none opened. */
function ended(prompt) {
  const isOpened = /<think>\s*$/.test(prompt);
  if (bundle.reasoning === "strip") return isOpened ? prompt.replace(/<think>\s*$/, "") : prompt;
  if (bundle.reasoning !== "empty") return prompt;
  if (isOpened) return `${prompt}${prompt.endsWith("\n") ? "" : "\n"}\n</think>\n\n`;
  return prompt.trimEnd().endsWith("</think>") ? prompt : `${prompt}<think>\n\n</think>\n\n`;
}

async function ask({ messages, maxNewTokens, temperature }) {
  const inputs = tokenizer.chat_template
    ? tokenizer(
        ended(tokenizer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true })),
        {
          add_special_tokens: false,
        },
      )
    : tokenizer(messages.at(-1).content);
  let tokens = 0;
  stopping.reset();
  const started = performance.now();
  await model.generate({
    ...inputs,
    max_new_tokens: Math.max(1, Math.min(maxNewTokens || 1, bundle.contextTokens - inputs.input_ids.dims[1])),
    do_sample: temperature > 0,
    ...(temperature > 0 ? { temperature } : { repetition_penalty: 1 }),
    stopping_criteria: [stopping],
    streamer: new TextStreamer(tokenizer, {
      skip_prompt: true,
      skip_special_tokens: true,
      callback_function: (text) => postMessage({ type: "piece", text }),
      token_callback_function: (ids) => (tokens += ids.length),
    }),
  });
  postMessage({ type: "done", tokens, seconds: (performance.now() - started) / 1000 });
}

const answers = { load: ({ device }) => load(device), ask, stop: async () => stopping.interrupt() };
addEventListener("message", ({ data }) => {
  answers[data.type](data).catch((error) => {
    postMessage({ type: "failed", why: error instanceof Error ? error.message : String(error) });
  });
});
