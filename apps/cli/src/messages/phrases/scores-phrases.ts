import type { Translations } from "@lathe/files";

/** 指标、评估与人工标注。 */
export const scoresPhrases: Translations = {};
