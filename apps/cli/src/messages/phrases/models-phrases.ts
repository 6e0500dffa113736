import type { Translations } from "@lathe/files";

/** 模型的配置、权重、分词器与适配器。 */
export const modelsPhrases: Translations = {};
