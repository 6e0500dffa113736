import { keepHeapSmall, keepYoungGenerationSmall } from "@lathe/train/process";
import type { VerbDefinition, VerbEntry } from "../define-verb.js";

/** Loads a module of `verbs/`, which exports its verb under that name. */
type Load = () => Promise<{ readonly verb: VerbDefinition }>;

/** @param places keys of options that name what the verb writes */
const verb = (name: string, summary: string, load: Load, places: readonly string[] = []): VerbEntry => ({
  name,
  summary,
  places,
  load: async () => (await load()).verb,
});

/** What most verbs write. */
const OUTPUT = ["output"];

/** A verb that trains, or measures its process as one that does: what it loads would already make the young generation grow. */
const trainingVerb = (
  name: string,
  summary: string,
  load: Load,
  places: readonly string[] = OUTPUT,
): VerbEntry =>
  verb(
    name,
    summary,
    async () => {
      keepYoungGenerationSmall();
      return await load();
    },
    places,
  );

/** A verb that goes through rows and keeps numbers of them. */
const countingVerb = (name: string, summary: string, load: Load, places: readonly string[]): VerbEntry =>
  verb(
    name,
    summary,
    async () => {
      keepHeapSmall();
      return await load();
    },
    places,
  );

/** All verbs, in the order of a project: from raw rows to a model that answers. */
export const verbs: readonly VerbEntry[] = [
  verb("pull", "Download a model or a data set from a hub", () => import("./pull.js")),
  verb("list", "Show the models and data sets of hubs that are on this machine", () => import("./list.js")),
  verb("remove", "Remove a model or a data set of a hub from this machine", () => import("./remove.js")),
  verb("prepare", "Clean, split and tokenise rows of dialogue", () => import("./prepare.js"), OUTPUT),
  verb("data show", "Show a row token by token, and what of it is learnt", () => import("./data-show.js")),
  verb(
    "data verify",
    "Show that no row scored on has a near copy among the rows learnt from",
    () => import("./data-verify.js"),
  ),
  verb(
    "data report",
    "Write a page that shows what a model is trained on",
    () => import("./data-report.js"),
    OUTPUT,
  ),
  verb(
    "data export",
    "Write prepared tokens as Python's datasets library reads them",
    () => import("./data-export.js"),
    OUTPUT,
  ),
  trainingVerb(
    "plan",
    "Say what a run takes, in memory and time, before it is begun",
    () => import("./plan.js"),
    [],
  ),
  trainingVerb("train", "Fine-tune a model with LoRA and write an adapter", () => import("./train.js")),
  trainingVerb("auto", "Find settings in a given time and train with the best", () => import("./auto.js")),
  trainingVerb("rerun", "Train again from a run's report and compare the bits", () => import("./rerun.js")),
  verb(
    "dist run",
    "Train on several processes or machines as one, and go on where one fails",
    () => import("./dist-run.js"),
  ),
  verb(
    "dist doctor",
    "Look at what a run on several processes or machines needs",
    () => import("./dist-doctor.js"),
  ),
  verb(
    "dist init",
    "Write what Slurm, Kubernetes or a list of machines needs for a run",
    () => import("./dist-init.js"),
    OUTPUT,
  ),
  verb(
    "verify-resume",
    "Show that a run can be killed at any moment and goes on to the same bits",
    () => import("./verify-resume.js"),
  ),
  verb(
    "federate coordinate",
    "Lead rounds of training on rows that never leave their owners",
    () => import("./federate-coordinate.js"),
    OUTPUT,
  ),
  trainingVerb(
    "federate join",
    "Take part in such rounds with rows of one's own",
    () => import("./federate-join.js"),
  ),
  trainingVerb(
    "federate simulate",
    "Play such rounds on one machine, with unlike and hostile clients",
    () => import("./federate-simulate.js"),
  ),
  verb(
    "federate ledger",
    "Say what noise promises about each owner, as epsilon for a delta",
    () => import("./federate-ledger.js"),
  ),
  verb("score", "Measure loss and perplexity of rows under a model", () => import("./score.js")),
  countingVerb(
    "eval",
    "Score replies against references: BLEU, ROUGE, chrF, F1 and more",
    () => import("./eval.js"),
    ["output", "predictionsOutput"],
  ),
  verb("agreement", "Measure how far annotators agree", () => import("./agreement.js")),
  verb(
    "annotate",
    "Have people judge replies, blind, on a page of this machine",
    () => import("./annotate.js"),
    OUTPUT,
  ),
  verb(
    "studio",
    "Show runs as they go on, compare them and talk to their models, on a page of this machine",
    () => import("./studio.js"),
  ),
  verb("generate", "Continue a prompt", () => import("./generate.js")),
  verb("chat", "Talk with a model", () => import("./chat.js")),
  verb("serve", "Serve a model and its adapters behind OpenAI's HTTP interface", () => import("./serve.js")),
  verb("merge", "Merge an adapter into its base model", () => import("./merge.js"), OUTPUT),
  verb(
    "export",
    "Write a model or an adapter in the files of other programs: GGUF, MLX, Ollama",
    () => import("./export.js"),
    OUTPUT,
  ),
  verb(
    "import",
    "Read a GGUF file as a model folder, or an adapter of mlx-lm",
    () => import("./import.js"),
    OUTPUT,
  ),
  verb(
    "push",
    "Publish an adapter or a trained model with a card of how it was made",
    () => import("./push.js"),
  ),
  verb("quantize", "Write a model folder with packed weights", () => import("./quantize.js"), OUTPUT),
  verb("prune", "Write a model folder with weights set to zero", () => import("./prune.js"), OUTPUT),
  verb(
    "setup cuda",
    "Make TensorFlow on this machine ready as an engine, with an NVIDIA card or without",
    () => import("./setup-cuda.js"),
  ),
  verb("setup gate", "Install the programs that exports are proven in", () => import("./setup-gate.js")),
  verb("doctor", "Show what this machine offers, and check a model folder", () => import("./doctor.js")),
  verb(
    "doctor accumulation",
    "Show that rows in several micro-batches train as in one",
    () => import("./doctor-accumulation.js"),
  ),
  verb(
    "doctor packing",
    "Show that rows side by side train as rows alone",
    () => import("./doctor-packing.js"),
  ),
];
