import type { ReasoningPolicy } from "@lathe/data";
import type { LearntPolicy } from "../model/learnt-policy.js";
import type { ExportedModel, ExportModelOptions } from "./export-model-options.js";

const code = (text: string): string => `\`${text.replaceAll("`", "'")}\``;

/** How a prompt asks of a model what it has learnt of reasoning. */
const ASKED: Readonly<Record<ReasoningPolicy, string>> = {
  keep: "prompts end as the chat template has it",
  mask: "prompts end as the chat template has it; what is thought was not learnt",
  empty: "prompts are to end with an empty `<think>` block",
  strip: "prompts are not to open a `<think>` block",
};

/** A page beside what was exported: of what it is, how it was merged, and how far it has been proven. */
export function exportCard(
  { model, adapter, quantize = "none" }: ExportModelOptions,
  { to, type, tensors, tokenizer, gate }: ExportedModel,
  policy: LearntPolicy | null,
): string {
  const base =
    quantize === "none"
      ? "the weights of the folder; where those are packed, what their codes stand for"
      : `what ${quantize} makes of the weights of the folder, as in training`;
  const facts = [
    ["model", code(model)],
    ["adapter", adapter === undefined ? "none" : code(adapter)],
    ["format", type === null ? to : `${to}, ${type}`],
    ["tensors", String(tensors)],
    ...(adapter === undefined ? [] : [["merged onto", base]]),
    ...(policy === null
      ? []
      : [
          ["reasoning", `${policy.reasoning}: ${ASKED[policy.reasoning]}`],
          ["loss on", policy.lossOn === "all" ? "all replies of a dialogue" : "the last reply of a dialogue"],
        ]),
  ];
  const lines = [
    "# Export",
    "",
    "| | |",
    "| --- | --- |",
    ...facts.map(([name, value]) => `| ${name} | ${value} |`),
    "",
  ];
  if (tokenizer?.name === "none") {
    lines.push(
      "**The model has no tokenizer**: the file takes and gives token ids; its texts mean nothing.",
      "",
    );
  } else if (tokenizer && tokenizer.differing > 0) {
    lines.push(
      `**Texts are cut otherwise**: no rule of llama.cpp cuts them as the model's tokenizer does. Under ${code(tokenizer.name)}, the closest, ` +
        `${tokenizer.differing} of ${tokenizer.compared} texts become other ids. Give it token ids.`,
      "",
    );
  } else if (tokenizer) {
    lines.push(
      `Texts are cut as the model's tokenizer cuts them: ${tokenizer.compared} texts became the same ids.`,
      "",
    );
  }
  if (tokenizer?.composes) {
    lines.push(
      "Texts that are not in Unicode's form NFC become other ids: llama.cpp does not compose them.",
      "",
    );
  }
  if (tokenizer?.joinsUnknown) {
    lines.push(
      "Characters that the model has no token for are one unknown token each to it; llama.cpp makes one of those side by side.",
      "",
    );
  }
  if (gate) {
    lines.push(
      `Proven in ${gate.runtime}: ${gate.prompts} prompts, ${gate.equalGreedyTokens} of ${gate.greedyTokens} greedy tokens equal` +
        `${gate.nearTies === 0 ? "" : ` and ${gate.nearTies} near ties of the model`}, ` +
        `largest difference of a first-token logit ${gate.largestLogitDifference.toPrecision(2)} standard deviations (bound ${gate.bounds.logits}).`,
      "",
    );
  } else {
    lines.push(
      "**Not proven**: no prompts were replayed in the program that will read this. It may answer otherwise than the model.",
      "",
    );
  }
  return lines.join("\n");
}
