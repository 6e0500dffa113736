import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "a second": "第二个",
  "the scores of LLaMA-Factory are over words that the package {0} finds, which is not installed; install it: npm install {1}":
    "LLaMA-Factory 的分数基于软件包 {0} 切分的词，而它尚未安装；请安装：npm install {1}",
  "unknown metric {0}: did you mean {1}? Known metrics: {2}": "未知指标 {0}：是否指 {1}？已知指标：{2}",
  "the reference is empty": "参考答案为空",
  "expected at least one row, got none": "应至少有一行，实际没有",
  "the id {0} stands on line {1} already": "id {0} 已出现在第 {1} 行",
  "nothing belongs to this row: {0} has {1} rows, {2} has {3}":
    "此行没有对应的行：{0} 有 {1} 行，{2} 有 {3} 行",
  "the row has no id, where others have one": "该行没有 id，而其他行有",
  "the id {0} is missing in {1}": "id {0} 不在 {1} 中",
  "the id {0} stands where {1} has {2}: {3}": "id {0} 所在的位置在 {1} 是 {2}：{3}",
  "expected the same order": "两者的顺序应相同",
  "and {0} more faults of the same files": "另有 {0} 处问题",
  "expected one prediction for each reference, got {0} predictions and {1} references":
    "每条参考答案应对应一条回复，实为 {0} 条回复与 {1} 条参考答案",
  "a whole number of at least {0}": "不小于 {0} 的整数",
  "a number of at least 0": "不小于 0 的数字",
  "rouge1 to rouge9, rougeL or rougeLsum": "rouge1 至 rouge9、rougeL 或 rougeLsum",
  "at least one kind of ROUGE": "至少一种 ROUGE",
  "false with a tokenizer of your own, which can stem itself": "自带分词器时应为 false（它可以自行提取词干）",
  "at least one label": "至少一个标签",
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
  "those of the references": "参考答案中的标签",
  "that of the texts": "与文本相同",
  "metrics of texts, where no model is needed": "只看文本、不需要模型的指标",
  "an address such as http://127.0.0.1:8080/v1, without a key in it":
    "形如 http://127.0.0.1:8080/v1 的地址，其中不含密钥",
  "the judge at {0}: {1}; {2} tries got no answer: try again later, what was answered is kept":
    "评判接口 {0}：{1}；尝试 {2} 次仍无回答：请稍后再试，已有的回答会保留",
  "the judge at {0}: answered {1}: {2}": "评判接口 {0}：返回 {1}：{2}",
  "no answer within {0} s": "{0} 秒内没有回答",
  "not reached ({0})": "无法连接（{0}）",
  "answered {0}": "返回 {0}",
  "answered with something that is no chat completion": "返回的内容不是对话补全",
  "the judge {0}: none of its answers about {1} ends with a verdict for {2}, such as [[5]] or [[A]]; give another model, or more tokens an answer":
    "评判模型 {0}：关于 {1} 的回答都没有以 {2} 的结论结尾，例如 [[5]] 或 [[A]]；请换一个模型，或允许更长的回答",
  "holds lines that are no answers of a judge": "含有不是评判回答的行",
  "a regular expression of RE2 (“{0}”)": "RE2 正则表达式（“{0}”）",
  "at least one system": "至少一个系统",
  'unit "{0}", annotator "{1}"': '单元 "{0}"，标注者 "{1}"',
  "one rating": "一个评分",
  "as many predictions as references ({0}), at least one": "与参考数量相同的预测（{0}），至少一个",
  "at least one label, each once": "至少一个标签，各出现一次",
  '{0} predictions end in " .": they look tokenised, which lowers BLEU; pass plain text, or set force if this is meant':
    '{0} 条预测以 " ." 结尾：看起来已经分过词，这会降低 BLEU；请传入原始文本，若本意如此请设置 force',
  "at least one row": "至少一行",
};
