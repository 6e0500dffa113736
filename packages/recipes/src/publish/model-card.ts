import type { Publication, PublishedBase, PublishedRun } from "./publication.js";
import type { CardScore } from "./read-card-scores.js";

/** What a card is made of. */
export interface ModelCardFacts {
  readonly kind: Publication["kind"];
  /** `owner/name` of its repository. */
  readonly id: string;
  readonly base: PublishedBase;
  /** Null where nothing is known of the run. */
  readonly run: PublishedRun | null;
  /** Null where none were given. */
  readonly scores: readonly CardScore[] | null;
  readonly license: string | null;
}

/** A text in a cell of a table or in a heading: no markup of its own comes through. */
const plain = (text: string): string =>
  text.replaceAll(/\s+/gu, " ").replaceAll(/[\\`*_[\]<>|#~&]/gu, (character) => `\\${character}`);

const number = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(5)));

function shown(value: unknown): string {
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return plain(value.map(String).join(", "));
  return plain(typeof value === "string" ? value : JSON.stringify(value));
}

/** Rows of a table of those values that are there and are not empty. */
function rowsOf(entries: readonly (readonly [name: string, value: unknown])[]): string[] {
  return entries
    .filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "")
    .map(([name, value]) => `| ${name} | ${value === true ? "yes" : shown(value)} |`);
}

const table = (head: readonly string[], rows: readonly string[]): string[] => [
  `| ${head.join(" | ")} |`,
  `|${" --- |".repeat(head.length)}`,
  ...rows,
  "",
];

/**
 * The page of what was trained, as the hub reads it: facts for its search in the front, then what it is, how it was trained, what
 * it scores, how it is loaded, and what it takes to train it again. Every value comes from the run; nothing is claimed beyond it.
 */
export function modelCard(facts: ModelCardFacts): string {
  const { kind, id, base, run, scores } = facts;
  const method = kind === "adapter" ? "A LoRA adapter for" : "Weights trained from";
  const lines = [
    ...frontOf(facts),
    `# ${plain(id.slice(id.indexOf("/") + 1))}`,
    "",
    `${method} [${plain(base.id)}](https://huggingface.co/${base.id})${base.commit === null ? "" : ` at \`${base.commit}\``}, trained with Lathe.`,
    "",
  ];
  lines.push("## Use", "", ...useOf(facts));
  if (run) lines.push("## Training", "", ...trainingOf(run));
  if (scores) {
    const rows = scores.map(({ system, metric, score, interval, signature }) => {
      const bounds = interval === null ? "" : `${number(interval[0])} to ${number(interval[1])}`;
      return `| ${plain(system)} | ${plain(metric)} | ${number(score)} | ${bounds} | ${plain(signature)} |`;
    });
    lines.push("## Scores", "", ...table(["system", "metric", "score", "95 % interval", "signature"], rows));
  }
  if (run) lines.push("## Training it again", "", ...originOf(run));
  lines.push(
    "## Limits",
    "",
    "It has the limits of its base and of the rows that it learnt from, which are not part of this repository. What it says should be " +
      "checked before people are told so.",
    "",
  );
  return lines.join("\n");
}

function frontOf({ kind, base, license }: ModelCardFacts): string[] {
  return [
    "---",
    `base_model: ${JSON.stringify(base.id)}`,
    `base_model_relation: ${kind === "adapter" ? "adapter" : "finetune"}`,
    `library_name: ${kind === "adapter" ? "peft" : "transformers"}`,
    "pipeline_tag: text-generation",
    ...(license === null ? [] : [`license: ${JSON.stringify(license)}`]),
    "tags:",
    "  - lathe",
    ...(kind === "adapter" ? ["  - lora"] : []),
    "---",
    "",
  ];
}

function useOf({ kind, id, base }: ModelCardFacts): string[] {
  const revision = base.commit === null ? "" : `, revision=${JSON.stringify(base.commit)}`;
  const python =
    kind === "adapter"
      ? [
          "from peft import PeftModel",
          "from transformers import AutoModelForCausalLM, AutoTokenizer",
          "",
          `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(base.id)}${revision})`,
          `model = AutoModelForCausalLM.from_pretrained(${JSON.stringify(base.id)}${revision})`,
          `model = PeftModel.from_pretrained(model, ${JSON.stringify(id)})`,
        ]
      : [
          "from transformers import AutoModelForCausalLM, AutoTokenizer",
          "",
          `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(id)})`,
          `model = AutoModelForCausalLM.from_pretrained(${JSON.stringify(id)})`,
        ];
  const command =
    kind === "adapter"
      ? `lathe chat --model ${base.id}${base.commit === null ? "" : `@${base.commit}`} --adapter ${id}`
      : `lathe chat --model ${id}`;
  return ["```sh", command, "```", "", "```python", ...python, "```", ""];
}

function trainingOf({ facts, settings }: PublishedRun): string[] {
  const { batchSize, maxTokensPerBatch, gradientAccumulation } = settings;
  const isKnown = typeof batchSize === "number" && typeof gradientAccumulation === "number";
  const rows = rowsOf([
    ["method", settings["method"]],
    ["objective", settings["objective"] ?? "sft"],
    ["base weights", settings["quantize"]],
    ["rank", settings["rank"]],
    ["alpha", settings["alpha"]],
    ["dropout", settings["dropout"]],
    ["targets", settings["targets"]],
    ["trainable tensors", settings["trainable"]],
    ["loss on", settings["lossOn"]],
    ["reasoning", settings["reasoning"]],
    ["longest row (tokens)", settings["maxTokens"]],
    ["learning rate", settings["learningRate"]],
    ["schedule", settings["schedule"]],
    ["optimizer", settings["optimizer"]],
    ["weight decay", settings["weightDecay"]],
    ["rows a step", isKnown ? `${batchSize} × ${gradientAccumulation}` : null],
    [
      "tokens a step, at most",
      isKnown || typeof maxTokensPerBatch !== "number"
        ? null
        : `${maxTokensPerBatch} × ${String(gradientAccumulation)}`,
    ],
    ["epochs", settings["epochs"]],
    ["seed", settings["seed"]],
    ["steps", facts["steps"]],
    ["tokens", facts["tokens"]],
    ["trained parameters", facts["trainableParameters"]],
    ["all parameters", facts["allParameters"]],
    ["last loss (nats a token)", facts["loss"]],
    ["validation loss (nats a token)", facts["validationLoss"]],
    ["convergence step", facts["convergenceStep"]],
    ["stopped early", facts["stoppedEarly"]],
  ]);
  return table(["", ""], rows);
}

function originOf({ facts, model, data, validation }: PublishedRun): string[] {
  const rows = rowsOf([
    ["Lathe", facts["lathe"]],
    ["engine", facts["engineDescription"]],
    ["precision of products", facts["precision"]],
    ["seconds", facts["seconds"]],
    ["tokens a second", facts["tokensPerSecond"]],
    ["energy (J)", facts["energyJoules"]],
  ]);
  const hashes = [
    ...Object.entries(model).map(([file, hash]) => `| ${plain(file)} of the base | \`${hash}\` |`),
    ...(data === null ? [] : [`| rows of training | \`${data}\` |`]),
    ...(validation === null ? [] : [`| rows of validation | \`${validation}\` |`]),
  ];
  return [
    ...table(["", ""], rows),
    ...table(["SHA-256", ""], hashes),
    "`passport.json` holds all settings. The same rows, base, version and engine give the same bits.",
    "",
  ];
}
