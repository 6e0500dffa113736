import { keepYoungGenerationSmall } from "@lathe/train/process";
import type { VerbEntry } from "../define-verb.js";

/** Loads a verb that trains: what it loads would already make the young generation grow. */
async function loadTraining(load: VerbEntry["load"]): ReturnType<VerbEntry["load"]> {
  keepYoungGenerationSmall();
  return await load();
}

/** All verbs, in the order of a project: from raw rows to a model that answers. */
export const verbs: readonly VerbEntry[] = [
  {
    name: "pull",
    summary: "Download a model or a data set from a hub",
    load: async () => (await import("./pull.js")).pullVerb,
  },
  {
    name: "list",
    summary: "Show the models and data sets of hubs that are on this machine",
    load: async () => (await import("./list.js")).listVerb,
  },
  {
    name: "remove",
    summary: "Remove a model or a data set of a hub from this machine",
    load: async () => (await import("./remove.js")).removeVerb,
  },
  {
    name: "prepare",
    summary: "Clean, split and tokenise rows of dialogue",
    load: async () => (await import("./prepare.js")).prepareVerb,
  },
  {
    name: "data show",
    summary: "Show a row token by token, and what of it is learnt",
    load: async () => (await import("./data-show.js")).dataShowVerb,
  },
  {
    name: "data verify",
    summary: "Show that no row scored on has a near copy among the rows learnt from",
    load: async () => (await import("./data-verify.js")).dataVerifyVerb,
  },
  {
    name: "data report",
    summary: "Write a page that shows what a model is trained on",
    load: async () => (await import("./data-report.js")).dataReportVerb,
  },
  {
    name: "data export",
    summary: "Write prepared tokens as Python's datasets library reads them",
    load: async () => (await import("./data-export.js")).dataExportVerb,
  },
  {
    name: "plan",
    summary: "Say what a run takes, in memory and time, before it is begun",
    load: async () => (await import("./plan.js")).planVerb,
  },
  {
    name: "train",
    summary: "Fine-tune a model with LoRA and write an adapter",
    load: () => loadTraining(async () => (await import("./train.js")).trainVerb),
  },
  {
    name: "auto",
    summary: "Find settings in a given time and train with the best",
    load: () => loadTraining(async () => (await import("./auto.js")).autoVerb),
  },
  {
    name: "rerun",
    summary: "Train again from a run's report and compare the bits",
    load: () => loadTraining(async () => (await import("./rerun.js")).rerunVerb),
  },
  {
    name: "verify-resume",
    summary: "Show that a run can be killed at any moment and goes on to the same bits",
    load: async () => (await import("./verify-resume.js")).verifyResumeVerb,
  },
  {
    name: "score",
    summary: "Measure loss and perplexity of rows under a model",
    load: async () => (await import("./score.js")).scoreVerb,
  },
  {
    name: "eval",
    summary: "Score replies against references: BLEU, ROUGE, chrF, F1 and more",
    load: async () => (await import("./eval.js")).evalVerb,
  },
  {
    name: "agreement",
    summary: "Measure how far annotators agree",
    load: async () => (await import("./agreement.js")).agreementVerb,
  },
  {
    name: "annotate",
    summary: "Have people judge replies, blind, on a page of this machine",
    load: async () => (await import("./annotate.js")).annotateVerb,
  },
  {
    name: "studio",
    summary: "Show runs as they go on, compare them and talk to their models, on a page of this machine",
    load: async () => (await import("./studio.js")).studioVerb,
  },
  {
    name: "generate",
    summary: "Continue a prompt",
    load: async () => (await import("./generate.js")).generateVerb,
  },
  {
    name: "chat",
    summary: "Talk with a model",
    load: async () => (await import("./chat.js")).chatVerb,
  },
  {
    name: "serve",
    summary: "Serve a model and its adapters behind OpenAI's HTTP interface",
    load: async () => (await import("./serve.js")).serveVerb,
  },
  {
    name: "merge",
    summary: "Merge an adapter into its base model",
    load: async () => (await import("./merge.js")).mergeVerb,
  },
  {
    name: "export",
    summary: "Write a model or an adapter in the files of other programs: GGUF, MLX, Ollama",
    load: async () => (await import("./export.js")).exportVerb,
  },
  {
    name: "import",
    summary: "Read a GGUF file as a model folder, or an adapter of mlx-lm",
    load: async () => (await import("./import.js")).importVerb,
  },
  {
    name: "push",
    summary: "Publish an adapter or a trained model with a card of how it was made",
    load: async () => (await import("./push.js")).pushVerb,
  },
  {
    name: "quantize",
    summary: "Write a model folder with packed weights",
    load: async () => (await import("./quantize.js")).quantizeVerb,
  },
  {
    name: "prune",
    summary: "Write a model folder with weights set to zero",
    load: async () => (await import("./prune.js")).pruneVerb,
  },
  {
    name: "setup cuda",
    summary: "Make TensorFlow on this machine ready as an engine, with an NVIDIA card or without",
    load: async () => (await import("./setup-cuda.js")).setupCudaVerb,
  },
  {
    name: "setup gate",
    summary: "Install the programs that exports are proven in",
    load: async () => (await import("./setup-gate.js")).setupGateVerb,
  },
  {
    name: "doctor",
    summary: "Show what this machine offers, and check a model folder",
    load: async () => (await import("./doctor.js")).doctorVerb,
  },
  {
    name: "doctor accumulation",
    summary: "Show that rows in several micro-batches train as in one",
    load: async () => (await import("./doctor-batching.js")).doctorAccumulationVerb,
  },
  {
    name: "doctor packing",
    summary: "Show that rows side by side train as rows alone",
    load: async () => (await import("./doctor-batching.js")).doctorPackingVerb,
  },
];
