import {
  option,
  type OptionDetails,
  optionGroup,
  parseNumbersByName,
  parseRanges,
  phrase,
} from "@lathe/files";
import { loraBiases, loraDefaults, loraInits, targetRoles } from "@lathe/peft";
import { z } from "zod";

const names = z.array(z.string().min(1)).min(1);

const pattern: OptionDetails = {
  placeholder: "name=n,…",
  parse: parseNumbersByName,
  expected: "names and numbers such as o_proj=4",
};

/** What a LoRA adapter is made of and which linears it goes on; the keys are those of `LoraConfig`. */
export const adapterOptions = optionGroup(
  "Adapter",
  {
    rank: option(z.int().min(1).default(loraDefaults.rank), "rank of the update"),
    alpha: option(z.number().positive().default(loraDefaults.alpha), "numerator of the scale alpha / rank"),
    dropout: option(
      z.number().min(0).lt(1).default(loraDefaults.dropout),
      "probability with which an input of the update is dropped in training",
      { placeholder: "p" },
    ),
    targets: option(
      z.union([z.string().min(1), names]).default([...loraDefaults.targets]),
      phrase`linears to adapt: names such as q_proj, what they do such as query, or ${targetRoles.join(", ")}; a single text in the config file is a regular expression of their paths`,
      { placeholder: "a,b", separator: "," },
    ),
    excludeModules: option(
      z.union([z.string().min(1), names]).optional(),
      "linears to leave out, named likewise",
      { placeholder: "a,b", separator: "," },
    ),
    useRslora: option(
      z.boolean().default(loraDefaults.useRslora),
      "scale alpha / √rank in place of alpha / rank (rsLoRA)",
    ),
    useDora: option(
      z.boolean().default(loraDefaults.useDora),
      "train the length of each weight row apart from its direction (DoRA)",
    ),
    rankPattern: option(
      z.record(z.string(), z.int().min(1)).default({}),
      "ranks that differ, by the end of a path",
      pattern,
    ),
    alphaPattern: option(
      z.record(z.string(), z.number().positive()).default({}),
      "alphas that differ, by the end of a path",
      pattern,
    ),
    init: option(
      z.enum(loraInits).default(loraDefaults.init),
      "how the matrices begin: kaiming; pissa: the principal components of the weights; loftq: what --quantize nf4 loses, packed in turns",
    ),
    bias: option(
      z.enum(loraBiases).default(loraDefaults.bias),
      "biases that are trained: those of no linear, of the adapted ones, or of all",
      { placeholder: "which" },
    ),
    modulesToSave: option(
      names.optional(),
      "modules that are trained as a whole and kept in the adapter, such as lm_head,embed_tokens",
      { placeholder: "a,b", separator: "," },
    ),
    keepSparsity: option(
      z.boolean().default(loraDefaults.keepSparsity),
      "leave alone what is zero in the base, so that a pruned model stays pruned when the adapter is merged",
    ),
    loraPlusRatio: option(z.number().positive().default(1), "rate of B over that of A (LoRA+), such as 16", {
      field: "loraPlusRatio",
    }),
    layers: option(z.array(z.int().min(0)).min(1).optional(), "layers to adapt, from 0, such as 0-3,8", {
      placeholder: "layers",
      parse: parseRanges,
      expected: "layer numbers and ranges such as 0-3,8",
      defaultText: "all",
    }),
  },
  "lora",
);
