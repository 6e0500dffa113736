import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "{0}: expected a folder with runs in it, got {1}": "{0}：应为存放训练的文件夹，实为{1}",
};
