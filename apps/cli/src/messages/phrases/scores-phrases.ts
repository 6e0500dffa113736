import type { Translations } from "@lathe/files";

/** 指标、评估与人工标注。 */
export const scoresPhrases: Translations = {
  "unknown metric {0}: did you mean {1}? Known metrics: {2}": "未知指标 {0}：是否指 {1}？已知指标：{2}",
  "{0}, line {1}": "{0} 第 {1} 行",
  "a whole number of at least {0}": "不小于 {0} 的整数",
  "a number of at least 0": "不小于 0 的数字",
  "rouge1 to rouge9, rougeL or rougeLsum": "rouge1 至 rouge9、rougeL 或 rougeLsum",
  "at least one kind of ROUGE": "至少一种 ROUGE",
  "false with a tokenizer of your own, which can stem itself": "自带分词器时应为 false（它可以自行提取词干）",
  "at least one metric": "至少一个指标",
  "a whole number of at least 1": "不小于 1 的整数",
  "expected references to be a list of at least one string": "references 应为至少含一个字符串的列表",
  "expected a text a line (.txt) or a JSON value a line (.jsonl), got a {0} file":
    "应为每行一条文本 (.txt) 或每行一个 JSON 值 (.jsonl)，实为 {0} 文件",
  "expected JSON with {0} at column {1}, got {2}": "JSON 的第 {1} 列应为{0}，实为 {2}",
  "expected a JSON string or an object with one of {0}": "应为 JSON 字符串或含 {0} 之一的对象",
  "{0}, got an object with {1}": "{0}，实为含 {1} 的对象",
  "no fields": "无字段",
  "expected {0} to be a string, got {1}": "{0} 应为字符串，实为 {1}",
};
