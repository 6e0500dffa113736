import { phrase } from "@lathe/files";
import { type LoraConfig, loraDefaults } from "@lathe/peft";
import type { FinetuneOptions } from "../finetune-options.js";
import { field, type RecipeFault } from "../recipe-error.js";
import { packedStreamFault } from "./packed-stream-fault.js";

type Sentence = RecipeFault["sentence"];

/**
 * What a run cannot do whose weights stay on disk.
 * @param lora the adapter, as far as it is known; left out where none is trained
 */
export function streamFaults(
  { method = "lora", objective = "sft", quantize = "none", checkpointing, model }: FinetuneOptions,
  lora: Partial<LoraConfig> = {},
): RecipeFault[] {
  const faults: RecipeFault[] = [];
  const refuse = (path: string, sentence: Sentence): void => void faults.push({ field: path, sentence });
  if (method === "full") {
    refuse(
      "method",
      phrase`${field("stream")} leaves weights on disk as they are, and ${field("method")} full changes them: train an adapter, or leave ${field("stream")} out`,
    );
  }
  if (objective !== "sft") {
    refuse(
      "objective",
      phrase`${field("stream")} takes ${field("objective")} sft alone, got ${objective}: leave one of them out`,
    );
  }
  const packed = packedStreamFault(quantize);
  if (packed) faults.push(packed);
  if (checkpointing === "none" || typeof checkpointing === "number") {
    refuse(
      "checkpointing",
      phrase`${field("stream")} computes all layers again: leave ${field("checkpointing")} out`,
    );
  }
  if (typeof model === "object") {
    refuse(
      "model",
      phrase`${field("stream")} reads the weights of a folder, and this model is open: give ${field("model")} as a folder`,
    );
  }
  const ofAdapter = {
    useDora: lora.useDora ?? loraDefaults.useDora,
    init: (lora.init ?? loraDefaults.init) !== "kaiming",
    keepSparsity: lora.keepSparsity ?? loraDefaults.keepSparsity,
    bias: (lora.bias ?? loraDefaults.bias) !== "none",
    modulesToSave: (lora.modulesToSave ?? []).length > 0,
  };
  for (const [key, isAsked] of Object.entries(ofAdapter)) {
    if (!isAsked) continue;
    refuse(
      `lora.${key}`,
      phrase`${field(`lora.${key}`)} asks for all weights before the first step, and ${field("stream")} leaves them on disk: leave one of them out`,
    );
  }
  return faults;
}
