import type { Translations } from "@lathe/files";

/** 读取、清洗、隐私、划分与数据报告。 */
export const dataPhrases: Translations = {};
