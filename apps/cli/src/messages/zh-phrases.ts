import type { Translations } from "@lathe/files";
import { annotationPhrases } from "./phrases/annotation-phrases.js";
import { argumentsPhrases } from "./phrases/arguments-phrases.js";
import { dataPhrases } from "./phrases/data-phrases.js";
import { enginesPhrases } from "./phrases/engines-phrases.js";
import { exportsPhrases } from "./phrases/exports-phrases.js";
import { helpPhrases } from "./phrases/help-phrases.js";
import { hubsPhrases } from "./phrases/hubs-phrases.js";
import { modelsPhrases } from "./phrases/models-phrases.js";
import { pathsPhrases } from "./phrases/paths-phrases.js";
import { scoresPhrases } from "./phrases/scores-phrases.js";
import { settingsPhrases } from "./phrases/settings-phrases.js";
import { trainingPhrases } from "./phrases/training-phrases.js";

/** 各处的文字，按领域分开；同一原文只应有一处译文。 */
export const phraseAreas: readonly Translations[] = [
  helpPhrases,
  enginesPhrases,
  argumentsPhrases,
  pathsPhrases,
  settingsPhrases,
  trainingPhrases,
  dataPhrases,
  modelsPhrases,
  hubsPhrases,
  scoresPhrases,
  exportsPhrases,
  annotationPhrases,
];

/** 帮助与错误的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zhPhrases: Translations = Object.fromEntries(
  phraseAreas.flatMap((area) => Object.entries(area)),
);
