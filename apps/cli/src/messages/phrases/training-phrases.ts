import type { Translations } from "@lathe/files";

/** 训练方法、规划、剪枝与报告。 */
export const trainingPhrases: Translations = {
  "Find settings in a given time and train with the best": "在给定时间内找出合适的设置并用最好的训练",
  "Tries methods, targets, ranks, rates and batches in short trials on the rows themselves, goes on with the best of them, and trains with the best of all for the rest of the time. DIR/run is the run, DIR/auto.html and DIR/auto.json say why. A run that the time ends has a checkpoint and can be resumed with train --resume --output DIR/run.":
    "在数据本身上用短试验比较训练方法、目标、秩、学习率和批大小，逐轮保留较好的，余下的时间用最好的设置训练。DIR/run 是这次运行，DIR/auto.html 和 DIR/auto.json 说明原因。因时间用完而结束的运行留有检查点，可用 train --resume --output DIR/run 继续。",
  "rows to compare settings on; without it some of --data are set apart":
    "比较设置所用的数据行；不给出时从 --data 中留出一部分",
  "how long all of it may take, such as 30m or 1h30m": "全部过程可用的时间，例如 30m 或 1h30m",
  "hours, minutes and seconds such as 30m, 1h30m or 90s": "30m、1h30m 或 90s 这样的时、分、秒",
  "folder of the result": "结果的文件夹",
  "replace an earlier result in --output": "替换 --output 中以前的结果",
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
  "{0} steps, {1} passes over the rows: with more, rows would be learnt by heart":
    "{0} 步，即遍历数据 {1} 次：再多就会死记数据",
  "{0}: expected more for this model, of which not even packed weights and one row at a time fit; shorten the rows with {1}, or take a smaller model":
    "{0}：对这个模型应更大，压缩权重并每次只取一行也放不下；请用 {1} 缩短数据行，或换更小的模型",
  "expected a weight above 0, got {0}": "权重应大于 0，实为 {0}",
  "seconds above 0": "大于 0 的秒数",
  "at least two rows, one to learn and one to compare on": "至少两行：一行用来学习，一行用来比较",
  "prompts of --validation that the model answers before the first step and after every evaluation, for RUN/report.html":
    "训练前和每次评估后让模型回答 --validation 中的几条提问，用于 RUN/report.html",
  "add the gradients of micro-batches in an order that does not depend on the number of ranks: any number comes to the same bits":
    "微批次梯度的相加顺序与进程数无关：任意进程数的结果逐位相同",
  "write TensorBoard's event files into RUN/tensorboard": "把 TensorBoard 的事件文件写入 RUN/tensorboard",
  "Train again from a run's report and compare the bits": "按运行报告重新训练并逐位比较",
  "Trains again with the settings, rows and model of the report, and compares the bits of what is written. What differs is listed, what went in first. Exit code 1 when the result differs.":
    "用报告中的设置、数据与模型重新训练，并逐位比较产出。不同之处会列出，输入在前。结果不同时退出码为 1。",
  "the report.json of a complete run": "一次完整运行的 report.json",
  "folder of the new run": "新运行的文件夹",
  "base model, where it is no longer where it was": "基础模型，若已不在原处",
  "file of rows, likewise": "数据文件，同上",
  "file of rows to evaluate on, likewise": "评估用数据文件，同上",
  "{0}: expected it once, got {1} without the flag as well": "{0}：只应给出一次，另有未写选项名的 {1}",
  "a share above 0 and below 1, or a pattern such as 2:4 or 4:8":
    "大于 0 且小于 1 的比例，或 2:4、4:8 之类的模式",
  "groups of a size that divides {0} inputs": "大小能整除 {0} 个输入的组",
  "{0}: expected {1}, got {2}; give the report.json of a run that is complete":
    "{0}：应为{1}，实为{2}；请给出完整运行的 report.json",
  "the base model's folder": "基础模型的文件夹",
  "the file of rows, as those of the run came from memory": "数据文件，因为该运行的数据来自内存",
  "leave alone what is zero in the base, so that a pruned model stays pruned when the adapter is merged":
    "不改动基础模型中为零的权重，使剪枝过的模型在合并适配器后仍保持稀疏",
  "rounds small weights to zeros that the model does not have, and {0} would keep them: leave one of them out":
    "会把小权重舍入为模型本没有的零，而 {0} 会保留它们：请去掉其中一个",
  "with --method full: layers that are trained at a time, drawn at random (LISA)":
    "与 --method full 同用：每次随机抽取来训练的层数（LISA）",
  "with --lisa-layers: steps until others are drawn": "与 --lisa-layers 同用：隔多少步重新抽取",
  "how the matrices begin: kaiming; pissa: the principal components of the weights; loftq: what --quantize nf4 loses, packed in turns":
    "矩阵的初始值：kaiming；pissa：权重的主成分；loftq：--quantize nf4 所损失的部分，与量化交替求得",
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
  "evaluations in a row without a lower validation loss after which the run ends; 0 for no such end":
    "验证损失连续多少次评估未再降低就结束训练；0 表示不提前结束",
  "waits for evaluations, and there are no rows for them: give {0}, or leave it out":
    "等待评估结果，但没有用于评估的数据：请给出 {0}，或去掉它",
  "waits for evaluations, of which there is one at the end alone: give {0}, or leave it out":
    "等待评估结果，但只在最后评估一次：请给出 {0}，或去掉它",
  "what is made small; sft: the negative log-likelihood of the labels; dpo, orpo, simpo: of rows with prompt, chosen, rejected; kto: of rows with prompt, completion, label":
    "要减小的目标；sft：标签的负对数似然；dpo、orpo、simpo：用于含 prompt、chosen、rejected 的数据；kto：用于含 prompt、completion、label 的数据",
  "strength of a preference objective": "偏好目标的强度",
  "0.1, and 2 for simpo": "0.1，simpo 为 2",
  "margin that --objective simpo asks for": "--objective simpo 要求的差值",
  "rows that --objective kto pairs for its estimate of the divergence: those of the whole step, or of each micro-batch as other trainers do":
    "--objective kto 估计散度时配对的数据：整个步，或像其他训练器那样每个微批",
  "belongs to {0} {1}: give one of these, or leave it out": "属于 {0} {1}：请给出其中之一，或去掉它",
  "asks for evaluations, and there are no rows for them: give {0}, or leave it out":
    "需要评估，而没有用于评估的数据：请给出 {0}，或去掉它",
  "says what is learnt of dialogues, and {0} {1} compares whole completions, of which too long prompts lose their beginning: leave it out":
    "说明从对话中学习什么，而 {0} {1} 比较的是完整的回答，过长的提示会去掉开头：请去掉它",
  "pissa takes a part out of every weight, zeros too, which {0} would keep: begin with kaiming, or leave one of them out":
    "pissa 会从每个权重（包括零）中取出一部分，而 {0} 要保留这些零：请用 kaiming 初始化，或去掉其中之一",
  "{0} draws among the layers that are trained, and {1} names nothing in any of them: leave one of them out":
    "{0} 在所训练的层中抽取，而 {1} 没有指定任何层中的张量：请去掉其中之一",
  "is added to the likelihood of labels, and {0} {1} compares completions: leave it out":
    "加在标签的似然上，而 {0} {1} 比较的是回答：请去掉",
  "Say what a run takes, in memory and time, before it is begun": "在开始之前说明一次训练所需的内存和时间",
  "how fast the disk is, such as 3GB/s: says how long weights and checkpoints take":
    "磁盘速度，例如 3GB/s：据此给出读入权重与写检查点的时间",
  "bytes a second, or a rate such as 3GB/s": "每秒字节数，或如 3GB/s 的速度",
  "graphics card to plan for, such as rtx3060-12gb, in place of --memory":
    "要规划的显卡，例如 rtx3060-12gb，代替 --memory",
  "counts of experts by the number of the layer": "按层号列出的各专家次数",
  "Reads the rows and the headers of the weights, and says what a run takes for what, about how long a step lasts here, and what takes less; where memory does not hold the weights, what a step takes that reads them from the disk, layer by layer. A folder with config.json alone will do for a model, and no rows at all. Nothing is written. Exit code 1 when it does not fit.":
    "读取数据与权重文件头，说明各部分占用的内存、在本机上每步大致的时间，以及更省的办法；内存装不下权重时，说明逐层从磁盘读取权重的一步需要什么。模型文件夹只有 config.json 也可以，也可以没有数据。不写任何文件。放不下时退出码为 1。",
  "a name that ends with its memory, such as rtx3060-12gb": "以显存结尾的名称，例如 rtx3060-12gb",
  "nothing beside memory, which says the same": "在给出内存时不给出，二者含义相同",
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
  "a whole number from {0}": "不小于 {0} 的整数",
  "was written with engine {0}, and this is engine {1}, which rounds differently; resume with engine {2}":
    "由引擎 {0} 写出，而当前引擎 {1} 的舍入不同；请以引擎 {2} 继续",
  "{0}; resume with the same model and adapter options": "{0}；请以相同的模型和适配器选项继续",
  "was written with rows other than those of this run; resume with the same data, in the same order":
    "写出时的数据与此次不同；请以相同的数据和顺序继续",
  "was written with {0} as the number of steps of the whole run, this run has {1}, and the learning rates follow from it; resume with the same epochs and maxSteps":
    "写出时全程步数为 {0}，此次为 {1}，而学习率由它决定；请以相同的 epochs 和 maxSteps 继续",
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
  "{0} and {1} more": "{0} 以及另外 {1} 个",
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
  "the beginning of names of tensors such as {0} or {1}; the head is tied to the embedding and trained with it":
    "张量名称的开头，例如 {0} 或 {1}；输出层与嵌入共用权重，一同训练",
  "the beginning of names of tensors such as {0} or {1}": "张量名称的开头，例如 {0} 或 {1}",
  "a passport in it": "含 passport 的文件",
  "the settings of the run as passport.settings": "作为 passport.settings 的运行设置",
  "hashes as passport.hashes": "作为 passport.hashes 的哈希",
  "hashes by file as passport.hashes.{0}": "作为 passport.hashes.{0} 的各文件哈希",
  "a hash as passport.hashes.{0}": "作为 passport.hashes.{0} 的哈希",
  "a name, as a thread cannot share what is open in another": "名称（线程之间不能共享已打开的对象）",
  "a file or an array of rows, for another thread": "文件或数据行数组（供另一线程使用）",
  "at least {0} rows to learn": "至少 {0} 行可学习的数据",
  "rows {0}": "数据行 {0}",
  "tensors {0}": "张量 {0}",
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
  "warmupSteps {0}: the run has {1} steps, so the learning rate never reaches {2}":
    "warmupSteps {0}：运行只有 {1} 步，学习率永远达不到 {2}",
  "memory ran out: {0}": "内存耗尽：{0}",
  "take smaller micro-batches, packed weights or shorter rows, as lathe plan says what each saves":
    "请减小微批次、使用压缩权重或更短的数据行；lathe plan 会说明各能节省多少",
  "{0}; the log-likelihoods in it are computed again": "{0}；其中的对数似然将重新计算",
  "the system ended the process of the run ({0})": "系统终止了运行的进程（{0}）",
  "does not fit the memory, or the weights are packed": "内存放不下，或权重已打包",
};
