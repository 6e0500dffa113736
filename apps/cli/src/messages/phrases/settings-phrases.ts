import type { Translations } from "@lathe/files";

/** 各项设置的错误。 */
export const settingsPhrases: Translations = {
  "{0} {1}": "{0} {1}",
  "{0}: the folder has no tokenizer.json, which a conversation needs":
    "{0}：文件夹中没有对话所需的 tokenizer.json",
  "{0}: the folder has no tokenizer.json, which {1} needs; give token ids ({2})":
    "{0}：文件夹中没有 {1} 所需的 tokenizer.json；请给出词元编号（{2}）",
  "{0}: the model has no chat template, which {1} needs": "{0}：模型没有 {1} 所需的对话模板",
  "expected one of {0}, {1} and {2}, got {3}": "{0}、{1} 与 {2} 应给出其一，实有 {3} 个",
  "{0} goes with {1} in a chat template, not with {2}, {3} or {4}":
    "{0} 与对话模板中的 {1} 连用，不能与 {2}、{3} 或 {4} 连用",
  "{0} goes with {1} or {2} in a chat template, not with {3} or {4}":
    "{0} 与对话模板中的 {1} 或 {2} 连用，不能与 {3} 或 {4} 连用",
  "{0}: the text has no tokens": "{0}：文本没有词元",
  "{0}: overwriting it would delete {1}, which the new run reads": "{0}：覆盖会删除新运行要读取的 {1}",
  "{0} {1}: the run in {2} was begun with {3}; resume it with the same, or start another run":
    "{0} {1}：{2} 中的运行开始时为 {3}；请以相同的值继续，或另起一次运行",
  "{0}: expected float weights to train, got {1} for {2} in {3}; give the model that it was packed from, or train an adapter over it with {4} lora":
    "{0}：训练需要浮点权重，而 {3} 中的 {2} 为 {1}；请给出压缩之前的模型，或用 {4} lora 在其上训练适配器",
  "chooses among the weights: give {0} full, or leave it out": "用于选择权重：请给出 {0} full，或不使用它",
  "describes an adapter, and {0} full trains the weights themselves: leave one of them out":
    "用于适配器，而 {0} full 训练权重本身：请去掉其中一个",
  "is an adapter to go on with, and {0} full trains the weights themselves: merge it into the model first, or leave one of them out":
    "是要继续训练的适配器，而 {0} full 训练权重本身：请先将它合并到模型，或去掉其中一个",
  "packs weights, which cannot be trained: leave it out, or train an adapter over them with {0} lora":
    "会压缩权重，而压缩的权重不能训练：请去掉它，或用 {0} lora 在其上训练适配器",
  "{0} {1} contradicts the adapter {2}, which has {3}; leave it out":
    "{0} {1} 与适配器 {2} 的 {3} 矛盾；请去掉它",
  '{0}:{1}: a {2} row needs a tokenizer, and the model has none; give rows of {"input_ids","labels"}':
    '{0}:{1}：{2} 类型的行需要分词器，而模型没有；请给出 {"input_ids","labels"} 形式的行',
  "{0} goes on with a run and {1} replaces it: give one of them":
    "{0} 继续一次运行，而 {1} 替换它：请只给出一个",
  "{0}: expected at least {1}GB for this model and micro-batches of up to {2} tokens, with as many layers computed again as help, got {3}GB; what takes less, the cheapest first: {4}":
    "{0}：此模型与至多 {2} 个词元的微批，即使尽量多层重新计算，也至少需要 {1}GB，实为 {3}GB；可减少占用的办法（代价由小到大）：{4}",
  "{0}: expected at least {1}GB for this model and micro-batches of up to {2} tokens under {3} {4}, got {5}GB; what takes less, the cheapest first: {6}":
    "{0}：此模型与至多 {2} 个词元的微批，在 {3} {4} 下至少需要 {1}GB，实为 {5}GB；可减少占用的办法（代价由小到大）：{6}",
  "LoRA config, key {0}: no adapted weight is zero, so there is nothing to keep, and steps take longer for it; leave it out, or prune the model first":
    "LoRA 配置，键 {0}：所适配的权重中没有零，因此没有可保留的，每步反而更慢；请去掉它，或先对模型剪枝",
  "LoRA config, key {0}: {1} trains nothing more, as no linear that it means has a bias":
    "LoRA 配置，键 {0}：{1} 不会多训练任何参数，因为所指的线性层都没有偏置",
  "{0} ({1}GB less, {2} times the time)": "{0}（少 {1}GB，时间为 {2} 倍）",
  "{0} ({1}GB less)": "{0}（少 {1}GB）",
  "nothing does": "没有",
  "{0} goes with {1} wanda; by magnitude no row is read": "{0} 与 {1} wanda 连用；按大小取舍时不读取数据",
  "{0}: expected row, as wanda compares the weights of an output, got matrix":
    "{0}：应为 row（wanda 在每个输出的权重之间比较），实为 matrix",
  "is a constant of AdamW, and {0} adafactor has none of it: leave it out":
    "是 AdamW 的常数，而 {0} adafactor 没有它：请去掉它",
  "sets apart the rates of an adapter's matrices, and {0} full has none: leave it out":
    "用于区分适配器矩阵的学习率，而 {0} full 没有适配器：请去掉它",
  "rows that show the model what it is for": "体现模型用途的数据",
  "a number above 0, up to 1": "大于 0 且不大于 1 的数字",
  "nothing beside a model that is open already": "在已打开的模型之外不给出",
  "at least one beginning of a name": "至少一个名称的开头",
  "at least one row": "至少一行",
  "at least one file": "至少一个文件",
  "at least one file or list of rows": "至少一个文件或一组数据行",
  "the folder of the run to resume": "要继续的运行的文件夹",
  "a share from 0 to 1": "0 到 1 的比例",
  "a whole number from 2": "不小于 2 的整数",
  "a whole number from 1": "不小于 1 的整数",
  "a whole number from 0": "不小于 0 的整数",
  "a whole number from 1 on": "不小于 1 的整数",
  "a whole number from 0 on": "不小于 0 的整数",
  "a number above 0": "大于 0 的数字",
  "false where shuffle is false": "shuffle 为 false 时应为 false",
  "false for rows whose source does not tell their lengths": "来源不提供行长时应为 false",
  "keys and columns such as prompt=问题,completion=回答": "形如 prompt=问题,completion=回答 的键与列",
  "a number above 0, at most 1, or off": "大于 0 且不大于 1 的数字，或 off",
  "a number above 0, at most 1": "大于 0 且不大于 1 的数字",
  "a number from 0": "不小于 0 的数字",
  "a number from 0, below 1": "不小于 0 且小于 1 的数字",
  "a probability in [0, 1)": "[0, 1) 内的概率",
  "bytes, or a size such as 8GB or 7.5GiB": "字节数，或大小，例如 8GB 或 7.5GiB",
  "at least one target": "至少一个目标",
  "at least one layer, or null for all": "至少一层，或以 null 表示全部",
  "layer numbers from 0 on": "从 0 起的层号",
  "a name or a regular expression": "名称或正则表达式",
  "a list of names or one regular expression": "名称列表或一个正则表达式",
  "names that are not empty": "非空的名称",
  "a name that is not empty": "非空的名称",
  "{0} leaves weights on disk as they are, and {1} full changes them: train an adapter, or leave {2} out":
    "{0} 让权重原样留在磁盘上，而 {1} full 会改变权重：请训练适配器，或去掉 {2}",
  "{0} takes {1} sft alone, got {2}: leave one of them out": "{0} 只支持 {1} sft，实际为 {2}：请去掉其中一个",
  "{0} would pack the weights anew whenever they are read: write a packed folder once with lathe quantize, and train on that":
    "{0} 每次读取都要重新压缩权重：请先用 lathe quantize 写出压缩后的模型文件夹，再在其上训练",
  "{0} computes all layers again: leave {1} out": "{0} 会重新计算所有层：请去掉 {1}",
  "{0} reads the weights of a folder, and this model is open: give {1} as a folder":
    "{0} 从文件夹读取权重，而这个模型已经打开：请以文件夹形式给出 {1}",
  "{0} asks for all weights before the first step, and {1} leaves them on disk: leave one of them out":
    "{0} 在第一步之前需要全部权重，而 {1} 让权重留在磁盘上：请去掉其中一个",
  "{0}: expected at least {1}GB for two layers of this model, its embedding and head, in {2} weights, got {3}GB: give more, or shorter rows and fewer of them a step":
    "{0}：这个模型的两层、嵌入与输出头以 {2} 权重至少需要 {1}GB，实际为 {3}GB：请给出更多内存，或缩短行长、减少每步的行数",
};
