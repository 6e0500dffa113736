import { zh as annotateZh } from "@lathe/annotate/zh";
import { zh as commandZh } from "@lathe/command/zh";
import { zh as dataZh } from "@lathe/data/zh";
import { zh as distributedZh } from "@lathe/distributed/zh";
import { zh as evalZh } from "@lathe/eval/zh";
import { zh as exportZh } from "@lathe/export/zh";
import { zh as federatedZh } from "@lathe/federated/zh";
import { zh as filesZh } from "@lathe/files/zh";
import { zh as hubZh } from "@lathe/hub/zh";
import { zh as kernelsZh } from "@lathe/kernels/zh";
import { zh as modelZh } from "@lathe/model/zh";
import { zh as peftZh } from "@lathe/peft/zh";
import { zh as quantZh } from "@lathe/quant/zh";
import { zh as recipesZh } from "@lathe/recipes/zh";
import { zh as reportZh } from "@lathe/report/zh";
import { zh as serveZh } from "@lathe/serve/zh";
import { zh as studioZh } from "@lathe/studio/zh";
import { zh as tensorZh } from "@lathe/tensor/zh";
import { zh as trainZh } from "@lathe/train/zh";
import type { Translations } from "@lathe/files";
import { commandPhrases } from "./command-phrases.js";

/** 各包与命令自己的文字，按所属的文件夹；同一原文只应有一处译文。 */
export const phrasesByOwner: Readonly<Record<string, Translations>> = {
  "packages/annotate": annotateZh,
  "packages/command": commandZh,
  "packages/data": dataZh,
  "packages/distributed": distributedZh,
  "packages/eval": evalZh,
  "packages/export": exportZh,
  "packages/federated": federatedZh,
  "packages/files": filesZh,
  "packages/hub": hubZh,
  "packages/kernels": kernelsZh,
  "packages/model": modelZh,
  "packages/peft": peftZh,
  "packages/quant": quantZh,
  "packages/recipes": recipesZh,
  "packages/report": reportZh,
  "packages/serve": serveZh,
  "packages/tensor": tensorZh,
  "packages/train": trainZh,
  "apps/studio": studioZh,
  "apps/cli": commandPhrases,
};

/** 帮助与错误的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zhPhrases: Translations = Object.fromEntries(
  Object.values(phrasesByOwner).flatMap((phrases) => Object.entries(phrases)),
);
