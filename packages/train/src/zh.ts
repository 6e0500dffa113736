import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "0 where each process has a part of the gradients": "各进程只有部分梯度时为 0",
  "a whole number from 1": "不小于 1 的整数",
  "false where shuffle is false": "shuffle 为 false 时应为 false",
  "0 for rows whose source does not tell their lengths": "来源不提供行长时应为 0",
  "false for rows whose source does not tell their lengths": "来源不提供行长时应为 false",
  "a number from 0, below 1": "不小于 0 且小于 1 的数字",
  "expected a weight above 0, got {0}": "权重应大于 0，实为 {0}",
  "was cut by another program while it was in use": "在使用中被其他程序截短",
  "{0} is missing": "缺少 {0}",
  "{0} is damaged (its hash differs)": "{0} 已损坏（哈希值不符）",
  "{0} cannot be read: {1}": "无法读取 {0}：{1}",
  "row {0}": "第 {0} 行",
  "validation row {0}": "验证数据第 {0} 行",
  "step {0}: {1}": "第 {0} 步：{1}",
  "{0}: no checkpoint is intact ({1}); put one back from a copy, or begin the run anew":
    "{0}：没有完好的检查点（{1}）；请从副本恢复一个，或重新开始运行",
  "at least one to train": "至少一个要训练的参数",
  "names that differ": "互不相同的名称",
  "cannot be read: expected {0}, got {1}": "无法读取：应为{0}，实为 {1}",
  "expected a scale that is a power of two and two counts, got {0}":
    "应为 2 的幂的缩放系数和两个计数，实为 {0}",
  "was written with engine {0}, and this is engine {1}, which rounds differently; resume with engine {2}":
    "由引擎 {0} 写出，而当前引擎 {1} 的舍入不同；请以引擎 {2} 继续",
  "{0}; resume with the same model and adapter options": "{0}；请以相同的模型和适配器选项继续",
  "was written with rows other than those of this run; resume with the same data, in the same order":
    "写出时的数据与此次不同；请以相同的数据和顺序继续",
  "was written with {0} as the number of steps of the whole run, this run has {1}, and the learning rates follow from it; resume with the same {2} and {3}":
    "写出时全程步数为 {0}，此次为 {1}，而学习率由它决定；请以相同的 {2} 和 {3} 继续",
  "was written with {0} {1}, this run has {2}; resume with the same settings and data":
    "写出时 {0} 为 {1}，此次为 {2}；请以相同的设置和数据继续",
  "was written with {0} as parameter {1} of {2}, this run has {3} there, of {4}":
    "写出时第 {1} 个参数（共 {2} 个）为 {0}，此次该处为 {3}（共 {4} 个）",
  "a whole number from 1 to the {0} layers": "从 1 到 {0}（层数）的整数",
  "{0}: expected at least one token, got none": "{0}：应至少有一个词元，实际没有",
  "{0}: token id {1} at position {2} is outside the vocabulary of {3}":
    "{0}：第 {2} 位的词元编号 {1} 超出大小为 {3} 的词表",
  "chosen and rejected: expected completions that differ, got the same tokens on both sides":
    "chosen 与 rejected：两个回答应不同，实际词元相同",
  "expected a folder or a free place ({0})": "应为文件夹或空闲位置（{0}）",
  "exists already; choose another output, resume the run, or overwrite it":
    "已存在；请另选输出位置、继续该运行，或覆盖它",
  "is not a run (no {0} folder), so it is not overwritten": "不是一次运行（没有 {0} 文件夹），因此不会被覆盖",
  "is not overwritten, as it also holds what no run writes: {0}; move that away or choose another output":
    "不会被覆盖，因为还含有运行不会写出的内容：{0}；请移走它们或另选输出位置",
  "holds no run to resume": "没有可继续的运行",
  "at least one scored label": "至少一个计入损失的标签",
  "a share from 0, below 1": "不小于 0 且小于 1 的比例",
  "expected {0} labels, one a token, got {1}": "应有 {0} 个标签（每个词元一个），实为 {1}",
  "is outside the vocabulary of {0}": "超出大小为 {0} 的词表",
  "is no token id": "不是词元编号",
  "token id {0} at position {1} {2}": "第 {1} 位的词元编号 {0} {2}",
  "label {0} at position {1} {2}": "第 {1} 位的标签 {0} {2}",
  "expected at least one scored label after the first token, got none":
    "第一个词元之后应至少有一个计入损失的标签，实际没有",
  "expected {0} in it, got none": "其中应有 {0}，实际没有",
  "has done {0} steps already, more than the {1} of this run": "已完成 {0} 步，多于此次运行的 {1} 步",
  "rows {0}": "数据行 {0}",
  "tensors {0}": "张量 {0}",
  "it begins in the embedding": "始于嵌入层",
  "it begins in layer {0}": "始于第 {0} 层",
  "it begins in the last norm or the head": "始于最后的归一化层或输出头",
  "{0}, whose stored weights are finite": "{0}，其存储的权重均为有限值",
  "{0} of {1} is not finite": "{1} 中的 {0} 不是有限值",
  "the loss is {0}": "损失为 {0}",
  "the gradient norm is {0}": "梯度范数为 {0}",
  "lower the learning rate, raise the warm-up steps, or look for broken rows in the data":
    "请降低学习率、增加预热步数，或检查数据中的损坏行",
  "half precision ends at 65504: compute in fp32, or lower the learning rate":
    "半精度的上限为 65504：请用 fp32 计算，或降低学习率",
  "step {0}: {1}, and so in {2} steps in a row": "第 {0} 步：{1}，已连续 {2} 步如此",
  "none of it was applied": "均未应用",
  "version {0}": "版本 {0}",
  "step {0}, as its folder says": "第 {0} 步（如其文件夹名所示）",
  "an object as {0}": "作为 {0} 的对象",
  "{0}: expected entries of a key and a number": "{0}：应为由键和数字组成的条目",
  "step {0} skipped: a gradient overflowed under the loss scale {1}, which is {2} from now on":
    "跳过第 {0} 步：梯度在损失缩放 {1} 下溢出，此后缩放为 {2}",
  "{0} {1}: the run has {2} steps, so the learning rate never reaches {3}":
    "{0} {1}：运行只有 {2} 步，学习率永远达不到 {3}",
};
