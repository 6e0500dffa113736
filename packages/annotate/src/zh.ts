import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "0 for the first answer": "首次作答应为 0",
  "a study of other replies": "基于另一批回复的标注研究",
  "a study with {0} {1}": "{0} 为 {1} 的标注研究",
  "a whole number from {0} to {1}": "{0} 到 {1} 的整数",
  "an empty folder or a study of the same replies and settings": "空文件夹，或回复与设置相同的标注研究",
  "an id of 8 to 100 letters, digits, dots, colons or hyphens":
    "由 8 到 100 个字母、数字、点、冒号或连字符组成的标识",
  "an id of its own for each answer": "每个答案各自的标识",
  "at most {0} characters": "最多 {0} 个字符",
  "cannot be read as a database: {0}": "无法作为数据库读取：{0}",
  "expected a folder with the study of an annotation ({0}), got none":
    "应为含标注研究（{0}）的文件夹，但没有找到",
  "expected a number, got {0}": "应为数字，实为 {0}",
  "expected a rating for {0}, got none": "应有 {0} 的评分，但没有",
  "expected a rating from {0} to {1}, or two such as {2}, got {3}":
    "应为 {0} 到 {1} 的评分，或形如 {2} 的两个，实为 {3}",
  "expected a rating, got {0}": "应为评分，实为 {0}",
  "expected a seed that is a whole number of at least {0}, got {1}":
    "随机种子应为不小于 {0} 的整数，实为 {1}",
  "expected a share of rows to repeat from {0} to {1}, got {2}": "重复行的比例应在 {0} 到 {1} 之间，实为 {2}",
  "expected a text or a whole number, got {0}": "应为文本或整数，实为 {0}",
  "expected a text, got a row with {0}": "应为文本，实为含 {0} 的行",
  "expected a text, got {0}": "应为文本，实为 {0}",
  "expected an object with id, prompt and response": "应为含 id、prompt 和 response 的对象",
  "expected an object with id, system and ratings": "应为含 id、system 和评分的对象",
  "expected an object with role and content": "应为含 role 和 content 的对象",
  "expected an object with the columns of an answer": "应为含答案各列的对象",
  "expected each id once, got {0} again; the first is in line {1}":
    "每个 id 应只出现一次，{0} 再次出现；第一次在第 {1} 行",
  "expected each row to be judged by {0} to {1} annotators, got {2}":
    "每行的标注者人数应为 {0} 到 {1}，实为 {2}",
  "expected files of systems with names of their own, got {0} twice":
    "各系统的文件应有不同的名称，{0} 出现两次",
  "expected numbers by the names of metrics, got {0}": "应为以指标名为键的数字，实为 {0}",
  "expected one line with the system {0} for the row {1} of {2}, got {3}":
    "{2} 对行 {1} 的答案中，系统 {0} 应恰有一行，实有 {3} 行",
  "expected one of {0} in a file at least, got none": "至少一个文件中应有 {0} 之一，但都没有",
  "expected one of {0}, got a row with {1}": "应有 {0} 之一，实为含 {1} 的行",
  "expected the id of a row, got {0}": "应为某行的 id，实为 {0}",
  "expected the name of an annotator, got {0}": "应为标注者的名字，实为 {0}",
  "expected the prompt of {0}:{1}, got another one": "提示应与 {0}:{1} 相同，实为另一个",
  "expected {0} or {1} to be preferred to the other, or both tied, got {2} of these":
    "{0} 与 {1} 应一方更好或不分上下，实有 {2} 种说法",
  "expected {0} to have a row with the id {1} too, got none": "{0} 也应有 id 为 {1} 的行，但没有",
  "expected {0} to {1} annotators, got {2}": "标注者应为 {0} 到 {1} 人，实为 {2}",
  "give another folder, or the files and settings that the study was made with":
    "请换一个文件夹，或使用创建该研究时的文件和设置",
  "holds no study": "不含标注研究",
  "preferences of {0} pairs": "{0} 对回复的偏好",
  "ratings of {0} replies": "{0} 个回复的评分",
  "some of {0}, each once": "{0} 中的若干项，各出现一次",
  "that of another one": "另一个答案的标识",
  "the place of a task": "某个任务的位置",
  "{0} characters": "{0} 个字符",
  fluency: "流畅度",
  relevance: "相关性",
  preference: "偏好",
  "better / equal / worse": "更好 / 相当 / 更差",
  "Krippendorff α": "Krippendorff α",
  "Cohen κ": "Cohen κ",
  "rows needed": "所需行数",
  annotator: "标注者",
  answers: "答案",
  bias: "偏差",
  "same again": "重复一致",
  "gold met": "符合已知答案",
  "Spearman ρ": "Spearman ρ",
  "Kendall τ": "Kendall τ",
  "{0} answer": "{0} 个答案",
  "{0} answers": "{0} 个答案",
  "{0} of {1} disputed rows to settle": "{1} 个有分歧的行中还有 {0} 个未裁定",
};
