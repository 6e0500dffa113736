import type { Translations } from "@lathe/files";
import { optionsZh } from "./options/zh.js";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "a folder that is empty, or holds a simulation and nothing else": "空文件夹，或仅含一次模拟的文件夹",
  "the rows that the simulation in {0} was begun with": "{0} 中的模拟开始时所用的数据行",
  "{0}, as the simulation in {1} was begun": "{0}（{1} 中的模拟以此开始）",
  "nothing where no noise is added": "没有噪声时不应给出",
  "the number of clients, by which the sum of noisy updates is divided":
    "参与方的数量（带噪声的更新之和要除以它）",
  "a whole number up to {0}": "至多 {0} 的整数",
  "the column of the labels by which rows are dealt": "分配数据行所依据的标签列",
  "expected a text or a number as label, got {0}": "标签应为文本或数字，实际为 {0}",
  "at least {0} rows, one a client": "至少 {0} 行（每方一行）",
  "it or the epsilon to keep": "给出它或要保持的 epsilon",
  "neither of the two": "都没有",
  "both of them": "两者都有",
  epsilon: "epsilon",
  delta: "delta",
  "noise multiplier": "噪声倍数",
  "sampling rate": "抽样率",
  rounds: "轮数",
  "Rényi order": "Rényi 阶",
  "round {0}: {1} not taken: {2}": "第 {0} 轮：未采用 {1}：{2}",
  "epsilon holds for delta {0}": "epsilon 对应的 delta 为 {0}",
  "adapter in {0}": "适配器在 {0}",
  round: "轮次",
  clients: "参与方",
  refused: "被拒绝",
  "longest update": "最长的更新",
  "validation loss": "验证损失",
  ...optionsZh,
  "{0}: the run's settings name no model, so there is nothing to talk to":
    "{0}：训练的设置中没有模型，无法对话",
  "{0}: the run has no adapter or model yet, so there is nothing to talk to":
    "{0}：训练还没有适配器或模型，无法对话",
  "none beside a model that is open already": "对已打开的模型不可给出",
  "true where there are no adapters": "没有适配器时应为 true",
  false: "false",
  "the folder of the evaluation to go on with": "要继续的评估所在的文件夹",
  "{0}: the evaluation in {1} is of other settings, which differ in {2}: give the same, or another folder":
    "{0}：{1} 中的评估使用了不同的设置（{2}）：请给出相同的设置或另一个文件夹",
  "an empty folder, or none": "空文件夹，或尚不存在",
  "give another folder, or resume the evaluation in it": "请给出另一个文件夹，或继续其中的评估",
  "has a row {0}, where the test set has {1}": "含有第 {0} 行，而测试集只有 {1} 行",
  "holds lines that are no replies of an evaluation": "含有不是评估回复的行",
  "{0} was trained with {1} {2}, and {3} is used here": "{0} 训练时 {1} 为 {2}，此处采用 {3}",
  "one of {0} as {1}": "{1} 为 {0} 之一",
  "was prepared with {0} {1}, and {2} is asked for; prepare the data again, or leave it out":
    "准备时 {0} 为 {1}，现在要求 {2}；请重新准备数据，或不给出该项",
  "{0} holds token ids, whose labels say what is learnt, and {1} {2} decides it for dialogues: give rows of text, or leave it out":
    "{0} 是词元编号，其标签已说明要学什么，而 {1} {2} 只对对话起作用：请给出文本行，或不给出该项",
  "the model does not answer questions in the course of this run: each token of an answer would have all weights read from the disk":
    "本次训练过程中模型不回答示例问题：回答的每个词元都要从磁盘读取全部权重",
  "has {0} rows, and row {1} is asked for": "有 {0} 行，却要第 {1} 行",
  "expected token ids {0}, got {1}": "词元编号应{0}，实为 {1}",
  "from 0": "不小于 0",
  "below {0}, the model's vocabulary": "小于 {0}（模型的词表大小）",
  "leaves no row to train on: {0} read, {1} unusable, {2} without a label within {3} tokens":
    "没有可训练的行：读入 {0} 行，{1} 行无法使用，{2} 行在 {3} 个词元内没有标签",
  "rows of token ids and labels have no sides to prefer: give rows of prompt, chosen and rejected, or prompt, completion and label":
    "词元编号与标签的行没有可比较的双方：请给出含 prompt、chosen、rejected 或含 prompt、completion、label 的行",
  "token ids below {0}, the model's vocabulary": "小于 {0}（模型的词表大小）的词元编号",
  "a file outside of {0}": "{0} 之外的文件",
  "a run whose settings name its model; name it as model": "在设置中指明模型的运行；请用 model 指定模型",
  "a model with a tokenizer": "带分词器的模型",
  "a run that has ended, with a folder adapter or model in it":
    "已结束的运行，其中有 adapter 或 model 文件夹",
  "ranks disagree on {0}: expected {1} as on rank 0, got {2} on rank {3}; give all machines the same version, model, rows and options":
    "各进程的 {0} 不一致：应与进程 0 同为 {1}，进程 {3} 为 {2}；请让所有机器使用相同的版本、模型、数据和选项",
  "at least the number of ranks, {0}, which share the micro-batches of a step":
    "至少为进程数 {0}（各进程分担一步的微批次）",
  "{0}: {1} holds an adapter, and none is given": "{0}：{1} 存放适配器，却未指定",
  "{0} goes with gguf, ollama, onnx and web, not with {1}":
    "{0} 适用于 gguf、ollama、onnx 和 web，不适用于 {1}",
  "{0} goes with web, not with {1}": "{0} 适用于 web，不适用于 {1}",
  "a size such as 300MB": "大小，例如 300MB",
  "one of {0} for {1}": "{1} 支持的 {0} 之一",
  "{0} goes with formats that hold the model, not with {1}": "{0} 适用于包含模型的格式，不适用于 {1}",
  "{0}: an adapter is read for its base model, and none is given": "{0}：读取适配器需要其基础模型，却未指定",
  "{0} goes with formats that a program proves, not with {1}": "{0} 适用于有程序验证的格式，不适用于 {1}",
  "{0} goes with a proof, which {1} rules out": "{0} 用于验证，而 {1} 不作验证",
  "the export is not proven: {0}, in which it would be, is not installed; setupGate() installs it":
    "导出结果未经验证：用来验证的 {0} 尚未安装；可用 setupGate() 安装",
  "the export is not proven: {0}, in which it would be, is not installed; python3 -m pip install {1} installs it":
    "导出结果未经验证：用来验证的 {0} 尚未安装；可用 python3 -m pip install {1} 安装",
  "the export is not proven: {0} would read the packed weights of {1} otherwise":
    "导出结果未经验证：{0} 读取 {1} 中压缩权重的方式不同",
  "weights that are not packed, over which {0} proves an adapter": "未压缩的权重（{0} 在其上验证适配器）",
  "packed ones": "压缩的权重",
  "leave the prompts out, or export the merged model": "请不要给出提示，或导出合并后的模型",
  "rows with a prompt and a reply that fit into the model": "含提示与回答且模型容得下的行",
  "{0}: not kept, as it answers otherwise than the model in {1}; first at {2}, {3}: expected {4}, got {5}; {6} says more":
    "{0}：未保留，因为它在 {1} 中的回答与模型不同；首先出现在{2}的{3}：应为 {4}，实为 {5}；详见 {6}",
  "its chat template": "其对话模板",
  "prompt {0}": "第 {0} 条提示",
  "a run's folder, or the adapter or the model that a run has written": "训练目录，或训练写出的适配器或模型",
  "the name of a model, such as Qwen/Qwen3-0.6B": "模型名称，如 Qwen/Qwen3-0.6B",
  "{0}: expected the name on the hub of the base model, which was a folder of this machine":
    "{0}：基础模型来自本机文件夹，需给出它在平台上的名称",
  "scores of systems, as an evaluation writes them": "评测写出的各系统得分",
  "was tokenised with another tokenizer than the model's; prepare the data again":
    "所用的分词器与模型的不同；请重新准备数据",
  "{0} is a file; expected the folder with adapter_config.json and adapter_model.safetensors":
    "{0} 是文件；应为含 adapter_config.json 和 adapter_model.safetensors 的文件夹",
  "{0} is the folder of a run; its adapter is {1}": "{0} 是一次运行的文件夹；其适配器为 {1}",
  "{0} is the folder of a run that has no adapter yet": "{0} 是一次运行的文件夹，尚无适配器",
  "{0} is the folder of a run that is not complete; the adapter of its last checkpoint is {1}":
    "{0} 是一次未完成的运行的文件夹；最后检查点的适配器为 {1}",
  "{0} holds the adapter in a folder of its own: {1}": "{0} 中的适配器在单独的文件夹里：{1}",
  "{0} is a model folder; expected an adapter's": "{0} 是模型文件夹；应为适配器文件夹",
  "{0} is a GGUF file; expected the model's folder with config.json and safetensors":
    "{0} 是 GGUF 文件；应为含 config.json 和 safetensors 的模型文件夹",
  "{0} is a file; expected the folder with config.json, safetensors and tokenizer.json":
    "{0} 是文件；应为含 config.json、safetensors 和 tokenizer.json 的文件夹",
  "{0} is the folder of a run; expected the base model": "{0} 是一次运行的文件夹；应为基础模型",
  "{0} is the folder of a run; expected the base model, with {1} as {2}":
    "{0} 是一次运行的文件夹；应给出基础模型，并以 {1} 作为 {2}",
  "{0} is an adapter; expected the base model, with this as {1}":
    "{0} 是适配器；应给出基础模型，并以它作为 {1}",
  "{0} is a folder of prepared rows; expected a model folder": "{0} 是准备好的数据文件夹；应为模型文件夹",
  "{0} is a folder of a hub's cache; the model is in {1}": "{0} 是模型库缓存的文件夹；模型在 {1}",
  "{0} is a folder that prepare wrote; its rows are in {1}": "{0} 是 prepare 写出的文件夹；数据在 {1}",
  "{0}: the replies would be written over the rows": "{0}：回复会覆盖数据",
  "a model folder for the metric embedding": "指标 embedding 所用的模型文件夹",
  "the metric embedding beside it": "同时指定指标 embedding",
  "other metrics": "其他指标",
  "a judge for its metrics": "其指标所需的评判模型",
  "at least one rating": "至少一条评分",
  "a model folder with a tokenizer": "含分词器的模型文件夹",
  "one without": "不含分词器的文件夹",
  "expected one rating of unit {0} by {1}, got a second; the first is in line {2}":
    "{1} 对单元 {0} 应只有一个评分，实有第二个；第一个在第 {2} 行",
  "expected the columns unit, annotator and rating": "应有列 unit、annotator 和 rating",
  "expected a text or a number, got a row with {0}": "应为文本或数字，实为含 {0} 的行",
  "expected a number at the {0} level, got {1}": "{0} 尺度应为数字，实为 {1}",
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
  "{0} ({1}GB less, {2} times the time)": "{0}（少 {1}GB，时间为 {2} 倍）",
  "{0} ({1}GB less)": "{0}（少 {1}GB）",
  "nothing does": "没有",
  "{0} goes with {1} wanda; by magnitude no row is read": "{0} 与 {1} wanda 连用；按大小取舍时不读取数据",
  "{0}: expected row, as wanda compares the weights of an output, got matrix":
    "{0}：应为 row（wanda 在每个输出的权重之间比较），实为 matrix",
  "is a constant of AdamW, and {0} {1} has none of it: leave it out":
    "是 AdamW 的常数，而 {0} {1} 没有它：请去掉它",
  "leaves each rank a part of the gradients, and {0} is added to all of them: leave one of them out":
    "使每个进程只有一部分梯度，而 {0} 要加到全部梯度上：请去掉其一",
  "keeps a copy of all that is trained, and {0} full trains the weights themselves: leave it out":
    "会保留所有被训练参数的副本，而 {0} full 训练权重本身：请去掉它",
  "sets apart the rates of an adapter's matrices, and {0} full has none: leave it out":
    "用于区分适配器矩阵的学习率，而 {0} full 没有适配器：请去掉它",
  "rows that show the model what it is for": "体现模型用途的数据",
  "a number above 0, up to 1": "大于 0 且不大于 1 的数字",
  "nothing beside a model that is open already": "在已打开的模型之外不给出",
  "at least one beginning of a name": "至少一个名称的开头",
  "the folder of the run to resume": "要继续的运行的文件夹",
  "a whole number from 2": "不小于 2 的整数",
  "a whole number from 0": "不小于 0 的整数",
  "bytes, or a size such as 8GB or 7.5GiB": "字节数，或大小，例如 8GB 或 7.5GiB",
  "{0} leaves weights on disk as they are, and {1} full changes them: train an adapter, or leave {2} out":
    "{0} 让权重原样留在磁盘上，而 {1} full 会改变权重：请训练适配器，或去掉 {2}",
  "{0} takes {1} sft alone, got {2}: leave one of them out": "{0} 只支持 {1} sft，实际为 {2}：请去掉其中一个",
  "{0} would pack the weights anew whenever they are read: write a packed folder once with lathe quantize, and take that":
    "{0} 每次读取都要重新压缩权重：请先用 lathe quantize 写出压缩后的模型文件夹，再在其上训练",
  "{0}: expected a disk with {1} free for the inputs of layers, which memory does not hold, got {2}: take another disk, give more {3}, or fewer tokens a step":
    "{0}：内存放不下各层的输入，应有一块剩余 {1} 的磁盘，实际剩余 {2}：请换一块磁盘、增大 {3}，或减少每步的词元数",
  "{0} computes all layers again: leave {1} out": "{0} 会重新计算所有层：请去掉 {1}",
  "{0} reads the weights of a folder, and this model is open: give {1} as a folder":
    "{0} 从文件夹读取权重，而这个模型已经打开：请以文件夹形式给出 {1}",
  "{0} asks for all weights before the first step, and {1} leaves them on disk: leave one of them out":
    "{0} 在第一步之前需要全部权重，而 {1} 让权重留在磁盘上：请去掉其中一个",
  "{0}: expected at least {1}GB for two layers of this model, its embedding and head, in {2} weights, got {3}GB: give more, or shorter rows and fewer of them a step":
    "{0}：这个模型的两层、嵌入与输出头以 {2} 权重至少需要 {1}GB，实际为 {3}GB：请给出更多内存，或缩短行长、减少每步的行数",
  "{0}: validation loss {1} after {2} steps, the lowest of {3} in round {4}":
    "{0}：{2} 步后验证损失 {1}，是第 {4} 轮 {3} 次试验中最低的",
  "{0} came to {1}": "{0} 的结果为 {1}",
  "{0} of them failed: their losses were not finite": "其中 {0} 次失败：损失不是有限值",
  "{0}: no trial fitted into the time, and these settings suit most models":
    "{0}：时间不够做任何试验，这组设置适合大多数模型",
  "the frozen weights are packed as {0}, since more exact ones do not fit the memory":
    "冻结的权重压缩为 {0}，因为更精确的格式放不进内存",
  "{0} rows at a time, {1} times a step, since more do not fit the memory":
    "每次 {0} 行，每步 {1} 次，因为更多放不进内存",
  "{0} steps, {1} passes over the rows: as many as there is time for":
    "{0} 步，即遍历数据 {1} 次：时间只够这么多",
  "begun anew after {0} steps: the machine is faster than in the trials, and there is time for more steps than {1}":
    "{0} 步后重新开始：机器比试验时更快，时间够训练多于 {1} 步",
  "{0} steps, {1} passes over the rows: with more, rows would be learnt by heart":
    "{0} 步，即遍历数据 {1} 次：再多就会死记数据",
  "{0}: expected more for this model, of which not even packed weights and one row at a time fit; shorten the rows with {1}, or take a smaller model":
    "{0}：对这个模型应更大，压缩权重并每次只取一行也放不下；请用 {1} 缩短数据行，或换更小的模型",
  "seconds above 0": "大于 0 的秒数",
  "at least two rows, one to learn and one to compare on": "至少两行：一行用来学习，一行用来比较",
  "{0}: expected {1}, got {2}; give the report.json of a run that is complete":
    "{0}：应为{1}，实为{2}；请给出完整运行的 report.json",
  "the base model's folder": "基础模型的文件夹",
  "the file of rows, as those of the run came from memory": "数据文件，因为该运行的数据来自内存",
  "rounds small weights to zeros that the model does not have, and {0} would keep them: leave one of them out":
    "会把小权重舍入为模型本没有的零，而 {0} 会保留它们：请去掉其中一个",
  "has files of {0} and none of {1}; name the files that are meant":
    "含有 {0} 的文件而没有 {1} 的；请指明所用的文件",
  "says how many rows a micro-batch has, and {0} takes as many as fit: leave one of them out":
    "规定每个微批的行数，而 {0} 装入尽可能多的行：请去掉其中一个",
  "says how often other layers are drawn, and all are trained: give {0}, or leave it out":
    "用于指定隔多少步重新抽取层，而现在训练所有层：请给出 {0}，或不使用它",
  "loftq packs the base together with the adapter: give {0} nf4, or begin with kaiming or pissa":
    "loftq 把基座与适配器一起求出：请给出 {0} nf4，或从 kaiming 或 pissa 开始",
  "loftq packs the base anew: give {0} as a folder, not open": "loftq 要重新量化基座：请以文件夹给出 {0}",
  "says how a fresh adapter begins, and {0} is one to go on with: leave one of them out":
    "用于指定新适配器的初始值，而 {0} 是要继续训练的适配器：请去掉其中一个",
  "{0} loftq packs the base together with the adapter, and {1} has {2} weights: give the model that it was packed from":
    "{0} loftq 把基座与适配器一起求出，而 {1} 的权重是 {2}：请给出量化之前的模型",
  "{0}: expected at most the {1} positions of the model, got {2}; leave it out for as many as there are":
    "{0}：最多为模型的 {1} 个位置，实为 {2}；不写即为全部位置",
  "{0}: expected a whole number from 1 to the {1} layers, got {2}":
    "{0}：应为从 1 到 {1}（层数）的整数，实为 {2}",
  "waits for evaluations, and there are no rows for them: give {0}, or leave it out":
    "等待评估结果，但没有用于评估的数据：请给出 {0}，或去掉它",
  "waits for evaluations, of which there is one at the end alone: give {0}, or leave it out":
    "等待评估结果，但只在最后评估一次：请给出 {0}，或去掉它",
  "belongs to {0} {1}: give one of these, or leave it out": "属于 {0} {1}：请给出其中之一，或去掉它",
  "asks for evaluations, and there are no rows for them: give {0}, or leave it out":
    "需要评估，而没有用于评估的数据：请给出 {0}，或去掉它",
  "is an address: fetch it with cacheAddress of @lathe/hub and give the file":
    "是一个地址：请用 @lathe/hub 的 cacheAddress 取来，再给出文件",
  "has the model answer dialogues, and {0} {1} compares completions: leave it out":
    "让模型回答对话，而 {0} {1} 比较的是回答：请去掉它",
  "has the model answer a token at a time, for each of which {0} would read all weights: leave one of them out":
    "让模型逐个词元地回答，而 {0} 要为每个词元读一遍全部权重：请去掉其中之一",
  "says what is learnt of dialogues, and {0} {1} compares whole completions, of which too long prompts lose their beginning: leave it out":
    "说明从对话中学习什么，而 {0} {1} 比较的是完整的回答，过长的提示会去掉开头：请去掉它",
  "pissa takes a part out of every weight, zeros too, which {0} would keep: begin with kaiming, or leave one of them out":
    "pissa 会从每个权重（包括零）中取出一部分，而 {0} 要保留这些零：请用 kaiming 初始化，或去掉其中之一",
  "{0} begins with a part of the weights, of which {1} trains the lengths of rows apart: begin with {2}, or leave one of them out":
    "{0} 以权重的一部分初始化，而 {1} 要单独训练各行的长度：请用 {2} 初始化，或去掉其中之一",
  "leaves zeros alone, and {0} rescales whole rows: leave one of them out":
    "要保留零，而 {0} 会缩放整行：请去掉其中之一",
  "{0} draws among the layers that are trained, and {1} names nothing in any of them: leave one of them out":
    "{0} 在所训练的层中抽取，而 {1} 没有指定任何层中的张量：请去掉其中之一",
  "is added to the likelihood of labels, and {0} {1} compares completions: leave it out":
    "加在标签的似然上，而 {0} {1} 比较的是回答：请去掉",
  "bytes a second, or a rate such as 3GB/s": "每秒字节数，或如 3GB/s 的速度",
  "counts of experts by the number of the layer": "按层号列出的各专家次数",
  "a name that ends with its memory, such as rtx3060-12gb": "以显存结尾的名称，例如 rtx3060-12gb",
  "nothing beside memory, which says the same": "在给出内存时不给出，二者含义相同",
  "the beginning of names of tensors such as {0} or {1}; the head is tied to the embedding and trained with it":
    "张量名称的开头，例如 {0} 或 {1}；输出层与嵌入共用权重，一同训练",
  "the beginning of names of tensors such as {0} or {1}": "张量名称的开头，例如 {0} 或 {1}",
  "the beginning of names of tensors such as {0} or {1}; routers of experts stay as they are":
    "张量名称的开头，例如 {0} 或 {1}；专家的路由器保持不变",
  "routers of experts are not trained: {0} tensors such as {1} stay as they are":
    "专家的路由器不参与训练：{1} 等 {0} 个张量保持不变",
  "a passport in it": "含 passport 的文件",
  "the settings of the run as passport.settings": "作为 passport.settings 的运行设置",
  "hashes as passport.hashes": "作为 passport.hashes 的哈希",
  "hashes by file as passport.hashes.{0}": "作为 passport.hashes.{0} 的各文件哈希",
  "a hash as passport.hashes.{0}": "作为 passport.hashes.{0} 的哈希",
  "a name, as a thread cannot share what is open in another": "名称（线程之间不能共享已打开的对象）",
  "a file or an array of rows, for another thread": "文件或数据行数组（供另一线程使用）",
  "at least {0} rows to learn": "至少 {0} 行可学习的数据",
  "memory ran out: {0}": "内存耗尽：{0}",
  "take smaller micro-batches, packed weights or shorter rows, as lathe plan says what each saves":
    "请减小微批次、使用压缩权重或更短的数据行；lathe plan 会说明各能节省多少",
  "{0}; the log-likelihoods in it are computed again": "{0}；其中的对数似然将重新计算",
  "ranks are not equally fast: from the next step on they are dealt {0} of it":
    "各进程快慢不同：从下一步起依次分得每步的 {0}",
  "the system ended the process of the run ({0})": "系统终止了运行的进程（{0}）",
  "does not fit the memory, or the weights are packed": "内存放不下，或权重已打包",
  en: "英文",
  zh: "中文",
  "judged by {0} at {1}: {2} answers, {3} of them asked for now, {4} without a verdict":
    "由 {1} 的 {0} 评判：共 {2} 个回答，其中 {3} 个为本次所问，{4} 个没有结论",
  "{0} of {1} pairs were judged otherwise in the other order: ties":
    "{1} 对中有 {0} 对在交换次序后结论不同，按平局计",
  "{0} tokens read, {1} written": "读入 {0} 个词元，写出 {1} 个",
  "{0} text": "{0} 条文本",
  "{0} texts": "{0} 条文本",
  "expected a name, got an empty cell": "应为名称，却是空单元格",
  score: "得分",
  range: "范围",
  label: "标签",
  "label, told by {0}": "标签（{0} 的判断）",
  "precision, %": "精确率（%）",
  "recall, %": "召回率（%）",
  "F1, %": "F1（%）",
  "{0}: <think> blocks in {1} of the rows; with them the scores are {2}":
    "{0}：{1} 行含有 <think> 段；计入后的得分为 {2}",
  "{0}: <think> blocks in {1} of the rows; without them the scores are {2}":
    "{0}：{1} 行含有 <think> 段；去除后的得分为 {2}",
  "no row of the test set is among what is learnt from in {0}": "测试集中没有出现在 {0} 训练数据里的行",
  "{0} row": "{0} 行",
  "{0} rows": "{0} 行",
  "{0} of the test set are, or nearly are, among what is learnt from in {1}: their scores say little":
    "测试集中有 {0}与 {1} 的训练数据相同或近似：这些行的分数意义不大",
  labels: "标签",
  loss: "损失",
  perplexity: "困惑度",
  "by byte": "按字节",
  "by character": "按字符",
  "probe perplexity": "通用文本困惑度",
  "tokens/s": "词元/秒",
  "first token s": "首词元（秒）",
  "graphics memory, for the model": "显存（按模型）",
  "disk, for the model and its runs": "磁盘（按模型及其训练）",
  "memory, for the rows": "内存（按数据）",
  rule: "规则",
  "more than": "须超过",
  present: "现有",
  unknown: "未知",
  "all {0} work": "{0} 项全部可用",
  "{0} of {1} work, not {2}": "{1} 项中 {0} 项可用，不可用：{2}",
  "{0} {1} ({2})": "{0} {1}（{2}）",
  operations: "运算",
  "{0}, compute capability {1}, {2}": "{0}，计算能力 {1}，{2}",
  TensorFlow: "TensorFlow",
  "on the CPU": "在 CPU 上",
  card: "显卡",
  "driver {0}": "驱动 {0}",
  "on the card": "在显卡上",
  "{0} now, {1} at most": "当前 {0}，最多 {1}",
  lathe: "lathe",
  Node: "Node",
  platform: "平台",
  processor: "处理器",
  "{0}, {1} threads": "{0}，{1} 线程",
  features: "指令集",
  memory: "内存",
  "{0}, {1} free": "{0}，空闲 {1}",
  "this process": "本进程",
  engine: "引擎",
  "kernels of its own": "专用内核",
  runs: "可用",
  precision: "精度",
  path: "路径",
  architecture: "架构",
  layers: "层数",
  "hidden size": "隐藏维度",
  "vocabulary size": "词表大小",
  "max positions": "最大位置数",
  parameters: "参数",
  dtypes: "数据类型",
  "file bytes": "文件大小",
  "unused tensors": "未使用的张量",
  tokenizer: "分词器",
  "chat template": "对话模板",
  "weight bytes": "权重内存",
  "adapter bytes": "适配器内存",
  weights: "权重",
  activations: "激活",
  head: "输出层",
  adapter: "适配器",
  gradients: "梯度",
  optimiser: "优化器",
  "exchange between ranks": "进程间交换",
  "working space": "工作空间",
  process: "进程",
  "fits in {0}": "{0} 够用",
  "does not fit in {0}": "{0} 不够用",
  "a disk of {0}/s reads the weights ({1}) in {2} and writes a checkpoint ({3}) in {4}":
    "速度为 {0}/s 的磁盘读入权重（{1}）需 {2}，写一个检查点（{3}）需 {4}",
  total: "合计",
  "takes less": "更省的办法",
  saves: "节省",
  time: "时间",
  "a step takes about {0} here": "在本机上每步约需 {0}",
  "{0}, {1} tokens an hour": "{0}，每小时 {1} 个词元",
  "of it, inputs of layers": "其中各层的输入",
  "a step reads {0} of weights (planned {1})": "每步读取权重 {0}（计划 {1}）",
  "inputs of layers that go to the disk": "写到磁盘的各层输入",
  "{0} in {1}": "{0}（{1}）",
  "widening the weights takes here": "在本机上展开权重用时",
  "weights on the disk": "磁盘上的权重",
  "tokens a step": "每步词元数",
  "experts that some token goes to": "有词元选中的专家",
  "read a step": "每步读取",
  "the disk takes for that": "磁盘读取用时",
  "computing takes here": "在本机上计算用时",
  "a step": "每步",
  "tokens from which on the disk is no longer waited for": "不再等待磁盘所需的每步词元数",
  "with a second disk": "加一块磁盘",
  "with a second machine": "加一台机器",
  "weights on the disk, as they are": "权重留在磁盘（原样）",
  "weights on the disk, in {0}": "权重留在磁盘（{0}）",
  "phone numbers": "电话号码",
  "identity card numbers": "身份证号",
  "bank card numbers": "银行卡号",
  "passport numbers": "护照号",
  "e-mail addresses": "电子邮箱",
  "WeChat names": "微信号",
  "QQ numbers": "QQ 号",
  "licence plates": "车牌号",
  "unified social credit codes": "统一社会信用代码",
  "order and tracking numbers": "订单号与运单号",
  "home addresses": "住址",
  "names of people": "姓名",
  "IP addresses": "IP 地址",
  "places on the globe": "地理坐标",
  "social security numbers": "社会安全号",
  "international account numbers": "国际银行账号",
  "{0} row cannot be used and is set aside; rejected.jsonl says why:":
    "有 {0} 行无法使用，已搁置，原因见 rejected.jsonl：",
  "{0} rows cannot be used and are set aside; rejected.jsonl says why. Among them:":
    "有 {0} 行无法使用，已搁置，原因见 rejected.jsonl，例如：",
  "personal data masked": "已遮盖的个人信息",
  "personal data, its rows set aside": "个人信息（所在行已搁置）",
  "personal data found": "发现的个人信息",
  "personal data not looked for": "未查找个人信息",
  read: "读入",
  kept: "保留",
  "set aside": "搁置",
  "clusters of near copies": "近似重复的簇",
  all: "全部",
  scored: "计入损失",
  "rows cut": "截断的行",
  "rows split": "拆分的行",
  "replies with reasoning": "含思考的回复",
  tokens: "词元",
  "{0} question has several answers, in {1} rows:": "{0} 个问题有多种回答，共 {1} 行：",
  "{0} questions have several answers, in {1} rows:": "{0} 个问题有多种回答，共 {1} 行：",
  value: "数值",
  "{0} unit": "{0} 个条目",
  "{0} units": "{0} 个条目",
  "{0} annotator": "{0} 位标注者",
  "{0} annotators": "{0} 位标注者",
  "{0} set aside as unusable": "{0}无法使用，已搁置",
  "{0} set aside as unusable, listed in {1}": "{0}无法使用，已搁置，见 {1}",
  "{0} left out: no label to learn from, or none within the token limit":
    "{0}被略去：没有可学习的标签，或标签超出词元上限",
  "{0} cut to {1} tokens": "{0}被截断到 {1} 个词元",
  "{0} of more than {1} tokens left out": "{0}超过 {1} 个词元，已略去",
  "{0} row is longer than the {1} tokens that the model is meant to read": "{0} 行超过模型可读的 {1} 个词元",
  "{0} rows are longer than the {1} tokens that the model is meant to read":
    "{0} 行超过模型可读的 {1} 个词元",
  "{0} of {1} rows have no reply to generate and are only scored":
    "{1} 行中有 {0} 行没有可生成的回复，只计算损失",
  "{0}: rows of {1}; learnt: {2}": "{0}：{1} 类型的行；学习：{2}",
  "kept, not learnt: {0}": "保留但不学习：{0}",
  "ignored: {0}": "忽略：{0}",
  "prepare {0} {1} would learn more": "用 prepare {0} {1} 可以学到更多",
  "end token learnt in {0}, not in the {1} that are cut short or end otherwise":
    "{0} 行学到结束词元，其余 {1} 行被截短或另有结尾，未学到",
  "end token learnt in {0}": "{0} 行学到结束词元",
  "rows: {0} of {1} tokens, {2} % with a loss; {3}; longest {4}":
    "数据：{0} 行共 {1} 个词元，其中 {2} % 计入损失；{3}；最长 {4}",
  "step {0} not applied: {1}": "第 {0} 步未生效：{1}",
  "{0} ({1})": "{0}（{1}）",
  "it rises: lower {0}, or raise {1}": "损失在上升：请降低 {0}，或增大 {1}",
  "no gradient arrives at what is trained: look at {0} or {1}, and at the labels of the rows":
    "梯度没有到达所训练的部分：请检查 {0} 或 {1}，以及数据的标签",
  "the recipe allows raising the rate: {0} 1e-4": "配方允许提高学习率：{0} 1e-4",
  "clipping at {0} makes most steps smaller: {1} near the median norm {2}, or 0 for none":
    "上限为 {0} 的裁剪缩小了大多数步：把 {1} 设为接近范数中位数 {2}，或设为 0 不裁剪",
  "rate and gradients are as usual: look at the rows and their labels, or train more of the model ({0}, {1} all-linear)":
    "学习率和梯度都正常：请检查数据及其标签，或训练模型的更多部分（{0}、{1} all-linear）",
  "{0}; a model that never learns one does not know when to stop":
    "{0}；从不学习结束词元的模型不知道何时停止",
  "about {0} are needed even with every layer computed again, and about {1} are free; the system may end the run or swap. A smaller {2}, shorter rows ({3}) or packed weights ({4}) take less.":
    "即使每层都重新计算也约需 {0}，而可用内存约 {1}；系统可能终止运行或使用交换空间。可减小 {2}、缩短行长 ({3}) 或压缩权重 ({4})。",
  "memory: about {0} of {1}, {2} of {3} layers computed again":
    "内存：约 {0}，预算 {1}；{3} 层中有 {2} 层重新计算",
  "weights stay on disk": "权重留在磁盘上",
  "memory does not hold the weights: they stay on disk": "内存放不下权重：权重留在磁盘上",
  "{0}, and a step of about {1} tokens reads {2} of them; memory: about {3} of {4}":
    "{0}，每步约 {1} 个词元，从中读取 {2}；内存：约 {3}，预算 {4}",
  "memory ran out (an allocation was refused): a fresh process goes on with {0}":
    "内存耗尽（内存分配被拒绝）：新进程以 {0} 继续",
  "memory ran out (the system ended the process): a fresh process goes on with {0}":
    "内存耗尽（系统终止了进程）：新进程以 {0} 继续",
  "plan corrected after step {0}: {1} (planned {2}), {3} a step (planned {4}), {5} to go":
    "第 {0} 步后修正计划：内存 {1}（原计划 {2}），每步 {3}（原计划 {4}），还需 {5}",
  "about {0} will be needed, more than the {1} that there were to take; the system may end the run or swap":
    "将需要约 {0}，超过可用的 {1}；系统可能终止运行或使用交换空间",
  "sampling as the model's generation_config.json says: {0}": "按模型的 generation_config.json 采样：{0}",
  "generation_config.json asks for what is not done here: {0}":
    "generation_config.json 中有不支持的设置：{0}",
  "step {0}: the loss leaps to {1}, {2} robust deviations above the median {3} of the steps before ({4})":
    "第 {0} 步：损失突增至 {1}，比此前各步的中位数 {3} 高出 {2} 个稳健标准差（{4}）",
  "step {0}: the loss has not fallen since the run began ({1} at first, {2} now; median gradient norm {3}, {4} % of the last steps clipped, learning rate up to {5})":
    "第 {0} 步：损失自训练开始后没有下降（开始时 {1}，现在 {2}；梯度范数中位数 {3}，最近的步有 {4} % 被裁剪，学习率最高 {5}）",
  "the model does not answer questions in the course of this run: each rank has a part of its layers alone":
    "本次运行途中模型不回答问题：每个进程只有各层的一部分",
  "of it, {0} to add up {1} between {2} ranks that share every layer":
    "其中 {0} 用于在共同计算每一层的 {2} 个进程之间求和，共 {1}",
  "with whole layers a rank takes {0} in place of {1}, and a step that the ranks share by its micro-batches about {2}":
    "若各进程保留完整的层，每个进程占用 {0}（而不是 {1}），各进程按微批次分担一步约 {2}",
  "sharing layers pays: whole ones do not fit": "分摊各层是值得的：完整的层放不下",
  "sharing layers does not pay: it is for models whose whole layers do not fit and whose shares do":
    "分摊各层并不划算：它用于完整的层放不下、而分摊后放得下的模型",
  "{0} shares weights that stay as they are, and {1} full changes them: give {2} 2, which shares what the optimiser remembers, or train an adapter":
    "{0} 分摊的是不变的权重，而 {1} full 会改变权重：请改用 {2} 2（分摊优化器状态），或训练适配器",
  "{0} shares weights in memory, and {1} leaves them on disk: leave one of them out":
    "{0} 分摊内存中的权重，而 {1} 把权重留在磁盘上：请去掉其中之一",
  "{0} adds up within layers, and {1} asks for the same bits on any number of ranks: leave one of them out":
    "{0} 在层内求和，而 {1} 要求任意进程数下逐位相同：请去掉其中之一",
  "{0} has one rank answer, and with {1} it has a part of the layers alone: leave one of them out":
    "{0} 由一个进程作答，而使用 {1} 时它只有各层的一部分：请去掉其中之一",
  "{0} reads each rank's part of a folder, and this model is open: give {1} as a folder":
    "{0} 从文件夹读取每个进程的部分，而这个模型已打开：请以文件夹给出 {1}",
  "{0} asks for whole weights, and with {1} a rank has a part of them: leave one of them out":
    "{0} 需要完整的权重，而使用 {1} 时每个进程只有一部分：请去掉其中之一",
  "{0} {1} gives a rank {2} inputs of {3}, and {4} has a scale for each {5}: take fewer ranks, or {6} int8 of the original weights":
    "{0} {1} 使每个进程分得 {3} 的 {2} 个输入，而 {4} 每 {5} 个权重有一个缩放因子：请用更少的进程，或对原始权重使用 {6} int8",
  "{0} drops inputs of {1}, whose rows the ranks of {2} share: give 0, or leave {3} out of {4}":
    "{0} 会丢弃 {1} 的输入，而它的行由 {2} 的各进程分摊：请设为 0，或从 {4} 中去掉 {3}",
  "a divisor of the number of ranks, {0}: launch as many": "进程数 {0} 的约数：请启动足够的进程",
  "kill {0} of {1}": "第 {0} 次强制结束，共 {1} 次",
  "the checkpoint of step {0} is passed over: {1}": "跳过第 {0} 步的检查点：{1}",
  "resuming after step {0}": "从第 {0} 步之后继续",
  linear: "线性层",
  count: "数量",
  "trainable parameters": "可训练参数",
  "{0} of {1} parameters ({2} %)": "全部 {1} 个参数中训练 {0} 个（{2} %）",
  "as they are": "不压缩",
  "Krippendorff α ({0})": "Krippendorff α（{0}）",
  "Cohen κ ({0})": "Cohen κ（{0}）",
  "{0} time": "{0} 次",
  "{0} times": "{0} 次",
  "{0} step": "{0} 步",
  "{0} steps": "{0} 步",
  "{0}, killed {1} and resumed: the same bits": "共 {0}，强制结束并恢复 {1}：结果逐位相同",
  "killed {0} and resumed: other bits, first in {1}": "强制结束并恢复 {0}：结果不同，最先出现在 {1}",
  "went in": "输入",
  "came out": "结果",
  program: "程序",
  "{0}: {1} was {2}, is {3}": "{0}：{1} 原为 {2}，现为 {3}",
  "{0}: the same bits": "{0}：逐位相同",
  "{0}: other bits": "{0}：结果不同",
  training: "训练",
  downloading: "下载",
  reading: "读取",
  writing: "写入",
  loading: "加载模型",
  evaluating: "评估",
  scoring: "打分",
  generating: "生成",
  judging: "评判",
  merging: "合并",
  exporting: "导出",
  importing: "导入",
  quantising: "量化",
  calibrating: "校准",
  "taking the reference": "计算参考",
  pruning: "剪枝",
  "sample replies": "样例回答",
  "hashing files": "计算文件哈希",
  "training without a stop": "不间断训练",
  "in 4 micro-batches and in one": "分 4 个微批次与合为一个微批次",
  "side by side and alone": "并排与单独",
  "loss {0}, gradients {1}": "损失 {0}，梯度 {1}",
  "loss {0}, a label's loss {1}, gradients {2}": "损失 {0}，单个标签的损失 {1}，梯度 {2}",
  "{0} rows {1}: the same within {2} ({3})": "{0} 行数据{1}：在 {2} 内相同（{3}）",
  "{0} rows {1}: not the same within {2} ({3})": "{0} 行数据{1}：在 {2} 内不同（{3}）",
  "round {0} closed with {1} client": "第 {0} 轮已结束，{1} 方参与",
  "round {0} closed with {1} clients": "第 {0} 轮已结束，{1} 方参与",
  "… {0} tokens between; {1} shows them …": "…… 中间 {0} 个词元，用 {1} 显示 ……",
  "{0} reply is not learnt: the chat template writes it otherwise once other turns follow":
    "{0} 条回复不学习：其后还有轮次时，对话模板会改写它",
  "{0} replies are not learnt: the chat template writes them otherwise once other turns follow":
    "{0} 条回复不学习：其后还有轮次时，对话模板会改写它们",
  "loss {0}": "损失 {0}",
  "accuracy {0}": "准确率 {0}",
  "margin {0}": "间隔 {0}",
  "{0} tokens/s": "{0} 词元/秒",
  "step {0}: validation loss {1}, perplexity {2}": "第 {0} 步：验证损失 {1}，困惑度 {2}",
  "interrupted after step {0}; continue with {1} {2} {3}": "在第 {0} 步之后中断；用 {1} {2} {3} 继续",
  "adapter: {0}": "适配器：{0}",
  "base that it belongs to: {0}": "与之配套的基座：{0}",
  "model: {0}": "模型：{0}",
  "{0} step in {1}": "{0} 步，用时 {1}",
  "{0} steps in {1}": "{0} 步，用时 {1}",
  "ended after step {0}: the validation loss fell no more ({1})": "第 {0} 步后结束：验证损失不再下降（{1}）",
  "loss {0} {1} {2}": "损失 {0} {1} {2}",
  "page of the run: {0}": "报告页面：{0}",
  "round {0}: {1}: validation loss {2} after {3} steps": "第 {0} 轮：{1}：{3} 步后验证损失 {2}",
  "validation loss {0}": "验证损失 {0}",
  "{0} and {1}": "{0} 与 {1}",
  "ranks did not come together (code {0}); what they said stands above":
    "各进程未能会合（退出码 {0}）；它们的输出见上文",
  "the process of a run": "运行的进程",
  "the thread of a run": "运行的线程",
  "the thread of a chat": "对话的线程",
  "signal {0}": "信号 {0}",
  "exit code {0}": "退出码 {0}",
  "{0} ended by itself ({1})": "{0}自行结束（{1}）",
  "{0} ended by itself ({1}), saying “{2}”": "{0}自行结束（{1}），最后输出“{2}”",
  "the chat was ended while it answered": "对话在回答时被结束",
  "{0}: expected the adapter of round {1}, got none": "{0}：应有第 {1} 轮的适配器，实际没有",
  "{0} of {1} ranks came together": "{1} 个进程中有 {0} 个会合",
};
