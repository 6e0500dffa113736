import type { Translations } from "@lathe/files";

/** 帮助与错误的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zhPhrases: Translations = {
  // 帮助：标题与通用选项
  "Usage:": "用法：",
  "Options:": "选项：",
  "Commands:": "命令：",
  "Everywhere:": "通用：",
  "Engine:": "引擎：",
  "Generation:": "生成：",
  "Training:": "训练：",
  "Adapter:": "适配器：",
  "Cleaning:": "清洗：",
  "Tokens:": "词元：",
  "With a model:": "使用模型时：",
  "Examples:": "示例：",
  "{0}.": "{0}。",
  "default: {0}": "默认：{0}",
  "{0} or {1}": "{0} 或 {1}",
  required: "必填",
  none: "无",
  all: "全部",
  rows: "行",
  tokens: "词元",
  characters: "字符",
  "optimiser steps": "优化器步",
  "no limit": "不限",
  "required unless --resume": "必填，除非使用 --resume",
  "what is free": "空闲内存",
  "what the model can read": "模型可读的长度",
  "13a, or zh for Chinese": "13a，中文为 zh",
  "LATHE_TENSORFLOW or TENSORFLOW_DIR, else what Python and the system have":
    "LATHE_TENSORFLOW 或 TENSORFLOW_DIR，否则取 Python 与系统中已有的",
  "YAML file with options; flags win over it": "含选项的 YAML 文件；命令行选项优先",
  "end stdout with one JSON object": "在标准输出末尾写一个 JSON 对象",
  "language of messages: {0} (default: that of the system)": "消息的语言：{0}（默认：系统语言）",
  "show where an unexpected error came from": "显示意外错误的来源",
  "print the JSON Schema of the config file": "打印配置文件的 JSON Schema",
  "show this help": "显示此帮助",
  "show this help; {0} VERB --help shows a verb's": "显示此帮助；{0} VERB --help 显示某个命令的帮助",
  "show the version": "显示版本",
  "Print the JSON Schema of a verb's config file": "打印某个命令的配置文件的 JSON Schema",
  "Fine-tune language models on the machine you own.": "在自己的机器上微调语言模型。",

  // 帮助：各命令
  "Clean, split and tokenise rows of dialogue": "清洗、划分对话数据并转为词元",
  "Fine-tune a model with LoRA and write an adapter": "用 LoRA 微调模型并写出适配器",
  "Measure loss and perplexity of rows under a model": "计算模型在数据上的损失与困惑度",
  "Score replies against references: BLEU, ROUGE, chrF, F1 and more":
    "将回复与参考答案比较打分：BLEU、ROUGE、chrF、F1 等",
  "Continue a prompt": "续写提示",
  "Talk with a model": "与模型对话",
  "Merge an adapter into its base model": "将适配器合并到基础模型",
  "Write a model folder with packed weights": "写出权重经过压缩的模型文件夹",
  "Make TensorFlow on this machine ready as an engine, with an NVIDIA card or without":
    "将本机的 TensorFlow 配置为计算引擎，有无 NVIDIA 显卡均可",
  "Show what this machine offers, and check a model folder": "显示本机的能力，并检查模型文件夹",
  "Writes train.jsonl, validation.jsonl, test.jsonl, rejected.jsonl and manifest.json; with --model also .arrow files of tokens.":
    "写出 train.jsonl、validation.jsonl、test.jsonl、rejected.jsonl 和 manifest.json；给出 --model 时另写 .arrow 词元文件。",
  "RUN/adapter is a PEFT folder, or RUN/model a model folder; RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits.":
    "RUN/adapter 是 PEFT 文件夹，或 RUN/model 是模型文件夹；RUN/metrics.jsonl 每个优化器步一行。Ctrl-C 会写出检查点；--resume 从检查点继续，结果逐位相同。",
  "The loss is the mean over all labels, in nats. Of pairs and dialogues the replies are scored, of token rows what their labels say; -100 is not.":
    "损失是所有标签的平均值，单位为奈特。问答与对话只计回复，词元行按其标签；-100 不计。",
  "Scores a file of replies, or has a model reply to rows first: it then also measures the perplexity of the references.":
    "为回复文件打分，或先让模型回复数据：此时也计算参考答案的困惑度。",
  "With --json: text without control tokens, and the new ids alone; text is null where the model has no tokenizer.":
    "使用 --json 时：文本不含控制词元，编号只含新生成的；模型没有分词器时文本为 null。",
  "A line is a turn; the model sees the whole conversation. /reset forgets it, /exit ends. Piped lines work as well: a reply for each.":
    "一行为一轮；模型可见整个对话。/reset 清空对话，/exit 结束。也可用管道输入：每行一个回复。",
  "Writes a model folder that needs no adapter, tensor by tensor. Nothing is overwritten.":
    "逐个张量写出不再需要适配器的模型文件夹。不会覆盖任何内容。",
  "fp16 and bf16 folders are plain Hugging Face models; int8 is one scale a weight row, as compressed-tensors has it; nf4 is 4 bits a weight, as bitsandbytes has it.":
    "fp16 与 bf16 文件夹是普通的 Hugging Face 模型；int8 每行权重一个缩放系数，同 compressed-tensors；nf4 每个权重 4 位，同 bitsandbytes。",
  "Compiles the binding that ships with @tensorflow/tfjs-node-gpu against the library, tries it, and keeps it in the cache folder of the user. npm fetches that package, alone, where it is not installed; nothing else is downloaded.":
    "针对该库编译 @tensorflow/tfjs-node-gpu 自带的绑定，试用后保存在用户的缓存文件夹。若未安装该包，npm 只获取这一个包；不下载其他内容。",

  // 帮助：选项
  "files to read: .jsonl, .csv, .tsv, .parquet": "要读取的文件：.jsonl、.csv、.tsv、.parquet",
  "folder to write": "要写出的文件夹",
  "weights of train, validation and test": "训练、验证与测试集的比例",
  "chooses among the possible splits": "在可能的划分中选择",
  "fields that name the dialogue of a row; rows of a dialogue share a split":
    "标识一行所属对话的字段；同一对话的行划入同一部分",
  "keys to rename before a row is read": "读取一行之前要改名的键",
  "share of unusable rows beyond which nothing is written": "无法使用的行超过此比例则不写出任何内容",
  "replace a folder that prepare made": "替换由 prepare 生成的文件夹",
  "least of what the model is given": "模型输入的最少字符数",
  "least of what the model is to say": "模型输出的最少字符数",
  "most of a row, input and output together": "一行的最多字符数，输入与输出合计",
  "cleaning rules to leave out": "不使用的清洗规则",
  "model folder whose tokenizer also makes .arrow files": "模型文件夹，用其分词器另写 .arrow 文件",
  "longest row; the end of a longer one is cut off": "最长的行；超出部分从末尾截去",
  "taken as everywhere; this verb needs none": "与其他命令一致；此命令用不到",
  likewise: "同上",
  "model folder: config.json, safetensors, tokenizer": "模型文件夹：config.json、safetensors、分词器",
  "rows to learn: .jsonl, .csv, .parquet in any row shape, or a prepared .arrow file":
    "要学习的数据：任意行格式的 .jsonl、.csv、.parquet，或准备好的 .arrow 文件",
  "rows to evaluate on, likewise": "用于评估的数据，格式同上",
  "folder of the run": "此次运行的文件夹",
  "lora: train an adapter beside the weights; full: train the weights themselves, written as a model folder":
    "lora：在权重之外训练适配器；full：训练权重本身，写为模型文件夹",
  "with --method full: beginnings of the names of tensors to train, such as model.layers.20.,lm_head":
    "与 --method full 连用：要训练的张量名的开头，例如 model.layers.20.,lm_head",
  "adapter to start from; rank, alpha, targets and the like are its own":
    "作为起点的适配器；秩、alpha、目标等取自该适配器",
  "replace an earlier run in --output": "替换 --output 中先前的运行",
  "share of unusable rows beyond which nothing is trained": "无法使用的行超过此比例则不训练",
  "steps between two lines where no bar is drawn": "不画进度条时两行之间的步数",
  "block: keep only each layer's input and compute the layer again, slower in far less memory; auto: for as few layers as --memory asks for":
    "block：只保留每层的输入并重新计算该层，较慢但内存少得多；auto：按 --memory 的要求只对尽量少的层如此",
  "what the process may take in all, for --checkpointing auto":
    "进程总共可用的内存，用于 --checkpointing auto",
  "passes over the rows": "遍历数据的次数",
  "length of the run; 0 for as many as the epochs hold": "运行的长度；0 表示由轮数决定",
  "rows a micro-batch": "每个微批的行数",
  "micro-batches a step": "每步的微批数",
  "peak of the schedule": "学习率的峰值",
  "course of the rate after the warm-up": "预热之后学习率的变化方式",
  "steps over which the rate rises from 0 to its peak": "学习率从 0 升到峰值的步数",
  "decoupled weight decay": "解耦的权重衰减",
  "decay of the first moment": "一阶矩的衰减",
  "decay of the second moment": "二阶矩的衰减",
  "added to the root of the second moment": "加在二阶矩平方根上的值",
  "global norm to which gradients are scaled down; 0 for no limit": "梯度缩减到的全局范数；0 表示不限",
  "order of rows, dropout and initial adapter follow from it": "决定行的顺序、dropout 与适配器的初值",
  "take the rows in another order each epoch": "每轮以不同的顺序取行",
  "take the rows in the order of the file, each epoch": "每轮按文件中的顺序取行",
  "steps between evaluations on the validation rows; 0 for one at the end only":
    "验证集评估之间的步数；0 表示只在结束时评估",
  "rank of the update": "更新的秩",
  "numerator of the scale alpha / rank": "缩放系数 alpha / rank 的分子",
  "probability with which an input of the update is dropped in training": "训练时丢弃更新输入的概率",
  "linears to adapt: names such as q_proj, or attention, mlp, all-linear; a single text in the config file is a regular expression of their paths":
    "要适配的线性层：名称如 q_proj，或 attention、mlp、all-linear；配置文件中的单个文本视为其路径的正则表达式",
  "linears to leave out, named likewise": "要排除的线性层，写法相同",
  "scale alpha / √rank in place of alpha / rank (rsLoRA)": "以 alpha / √rank 代替 alpha / rank（rsLoRA）",
  "train the length of each weight row apart from its direction (DoRA)":
    "将每行权重的长度与方向分开训练（DoRA）",
  "ranks that differ, by the end of a path": "按路径末尾指定的不同的秩",
  "alphas that differ, by the end of a path": "按路径末尾指定的不同的 alpha",
  "layers to adapt, from 0, such as 0-3,8": "要适配的层，从 0 起，例如 0-3,8",
  "what computes: auto, or one of the engines that the verb doctor lists":
    "计算引擎：auto，或命令 doctor 列出的引擎之一",
  "precision of matrix products": "矩阵乘法的精度",
  "pack the base weights while they are read": "读取时压缩基础权重",
  "adapter folder to put on the model": "要加在模型上的适配器文件夹",
  "adapter folder": "适配器文件夹",
  'rows to score, in any shape; {"input_ids","labels"} needs no tokenizer':
    '要打分的数据，任意行格式；{"input_ids","labels"} 不需要分词器',
  "computed at one time; a longer row is computed alone": "一次计算的词元数；更长的行单独计算",
  "replies to score: a text a line, or .jsonl": "要打分的回复：每行一条文本，或 .jsonl",
  "what they should be: a text a line, or .jsonl, also several a line":
    "参考答案：每行一条文本，或 .jsonl，每行也可有多条",
  "whose rules divide the texts; auto looks at the references":
    "按哪种语言的规则切分文本；auto 依参考答案判断",
  "tokeniser of the metric bleu": "指标 bleu 的切分方式",
  "smoothing of BLEU, as sacreBLEU names it": "BLEU 的平滑方式，名称同 sacreBLEU",
  "compare in lower case, for BLEU and chrF": "以小写比较，用于 BLEU 与 chrF",
  "compare English words without their endings, for ROUGE": "比较去掉词尾的英文单词，用于 ROUGE",
  "also give every text's own scores, with --json": "与 --json 连用：另给出每条文本的得分",
  "model folder: generates the replies first, and measures perplexity":
    "模型文件夹：先生成回复，并计算困惑度",
  "rows in any shape; the last reply of each is the reference": "任意行格式的数据；每行最后的回复为参考答案",
  "rows at most, from the start of the file": "最多读取的行数，从文件开头起",
  "replies generated at one time": "同时生成的回复数",
  "file for the replies: .jsonl with prompt, prediction, reference":
    "保存回复的文件：.jsonl，含 prompt、prediction、reference",
  "new tokens at most": "最多新生成的词元数",
  "divides the logits; 0 takes the likeliest token": "除 logits 的温度；0 取最可能的词元",
  "only the k likeliest tokens; 0 for all": "只取最可能的 k 个词元；0 表示全部",
  "only the likeliest tokens whose probabilities sum to p": "只取概率之和达到 p 的最可能的词元",
  "above 1: tokens that have occurred become less likely": "大于 1 时：出现过的词元变得不太可能",
  "texts that end a reply and are left out of it": "使回复结束的文本，不计入回复",
  "same seed, same text": "种子相同则文本相同",
  "how keys and values of past tokens are kept; auto for the engine's default":
    "保存过去词元的键与值的格式；auto 为引擎的默认值",
  "text to answer, put into the model's chat template": "要回答的文本，放入模型的对话模板",
  "system message before the prompt": "提示之前的系统消息",
  "system message that begins the conversation": "对话开头的系统消息",
  "JSON file: list of tools that the chat template shows": "JSON 文件：对话模板展示的工具列表",
  "continue the prompt as it stands, without the chat template": "不用对话模板，按原样续写提示",
  "token ids to continue, in place of a prompt": "要续写的词元编号，代替提示",
  "folder to make": "要新建的文件夹",
  "type of the weights written": "写出的权重的类型",
  "format of the weights": "权重的格式",
  "replace a folder that quantize made": "替换由 quantize 生成的文件夹",
  "folder of the C library or of an installed tensorflow Python package":
    "C 库的文件夹，或已安装的 tensorflow Python 包的文件夹",
  "compile again what has been compiled": "重新编译已编译的内容",
  "model folder to check: config, tensors, tokenizer": "要检查的模型文件夹：配置、张量、分词器",
  "Show that a run can be killed at any moment and goes on to the same bits":
    "证明训练在任意时刻被强制结束后都能恢复，且结果逐位相同",
  "Trains the first steps of a run without a stop, and again in processes that are killed at random moments and resumed, and compares weights, moments and metrics bit by bit. All in temporary folders.":
    "先不间断地训练开头几步，再在随机时刻被强制结束并恢复的进程中训练同样的步，然后逐位比较权重、优化器状态和指标。全部写在临时文件夹中。",
  "how often the run is killed": "强制结束的次数",
  "first steps of the run that are tried": "试验训练的开头几步",
  "moments of the kills follow from it": "强制结束的时刻由它决定",
  "rows to learn, as for train": "要学习的数据行，与 train 相同",
  "may be in the config file, and is left alone": "配置文件中可以有，不会被改动",
  "continue the run in --output after its newest intact checkpoint, with its own options":
    "从 --output 中运行的最新完好检查点继续，选项沿用原来的",
  "adamw; adamw8bit: its moments in 8 bits; adafactor: moments by rows and columns, in the least memory":
    "adamw；adamw8bit：矩以 8 位保存；adafactor：按行与列保存矩，内存最少",
  "factor on the rate from a layer to the one below, such as 0.9": "从一层到其下一层的学习率系数，例如 0.9",
  "share of each label's probability that is spread over the vocabulary": "每个标签分摊到整个词表的概率比例",
  "factor on the squared logarithm of the softmax's denominator, such as 1e-4":
    "softmax 分母对数平方的系数，例如 1e-4",
  "noise on the embeddings in training (NEFTune), such as 5; 0 for none":
    "训练时加在嵌入上的噪声（NEFTune），例如 5；0 表示不加",
  "steps between checkpoints; 0 for none but the best and the last":
    "检查点之间的步数；0 表示只写最好的和最后的",
  "steps in a row with a loss or gradient that is not finite, none applied, after which the run ends":
    "连续出现非有限损失或梯度的步数上限（这些步不会生效），达到后结束运行",
  "newest checkpoints to keep, besides the one of the lowest validation loss; 0 for all":
    "除验证损失最低的之外，保留最新检查点的个数；0 表示全部",
  "biases that are trained: those of no linear, of the adapted ones, or of all":
    "要训练的偏置：都不训练、被适配的线性层的，或全部",
  "modules that are trained as a whole and kept in the adapter, such as lm_head,embed_tokens":
    "整体训练并保存在适配器中的模块，例如 lm_head,embed_tokens",
  "rate of B over that of A (LoRA+), such as 16": "B 与 A 的学习率之比（LoRA+），例如 16",
  "Write a model folder with weights set to zero": "写出部分权重置零的模型文件夹",
  "The linears of the layers get zeros; types, all other weights and the embedding stay.":
    "各层的线性层中置零；类型、其他权重与嵌入不变。",
  "share of weights that become zero, or a pattern such as 2:4 or 4:8":
    "置零的权重比例，或 2:4、4:8 这样的模式",
  "what decides: the size of a weight, or that times the size of what it multiplies":
    "取舍依据：权重的大小，或再乘以其输入的大小",
  "weights among which a share is taken by magnitude: those of the matrix, or of each output":
    "按大小取比例时比较的范围：整个矩阵的权重，或每个输出的权重",
  "rows for wanda, in any shape": "wanda 所用的数据，任意行格式",
  "tokens of those rows at most": "这些数据最多取用的词元数",

  // 引擎
  "plain JavaScript, one thread, float32; slow": "纯 JavaScript，单线程，float32；较慢",
  "WebAssembly SIMD, one thread, float32": "WebAssembly SIMD，单线程，float32",
  "C++ kernels ({0}), {1} threads": "C++ 内核（{0}），{1} 线程",
  "C++ kernels": "C++ 内核",
  "TensorFlow {0} on the CPU, no card in use": "TensorFlow {0}，在 CPU 上，未使用显卡",
  "TensorFlow on the CPU": "CPU 上的 TensorFlow",
  "TensorFlow on an NVIDIA card": "NVIDIA 显卡上的 TensorFlow",
  "TensorFlow {0} on {1}{2}": "TensorFlow {0}，在 {1} 上{2}",
  "it did not start: {0}": "未能启动：{0}",
  "The native kernels are turned off by LATHE_NATIVE=off.": "原生内核已由 LATHE_NATIVE=off 关闭。",
  "The native kernels could not be loaded.": "无法加载原生内核。",
  "What helps:": "解决办法：",
  "  - in a clone: install a C++ compiler (Debian: apt-get install g++, macOS: xcode-select --install) and run: npm run build":
    "  - 在源码目录中：安装 C++ 编译器（Debian：apt-get install g++，macOS：xcode-select --install），然后运行：npm run build",
  "no TensorFlow has been set up for Node {0}; run setupTensorFlow()":
    "尚未为 Node {0} 配置 TensorFlow；请运行 setupTensorFlow()",
  "{0} cannot be read ({1}); run setupTensorFlow() again":
    "无法读取 {0}（{1}）；请重新运行 setupTensorFlow()",
  "{0} is not a set-up of this version of Lathe; run setupTensorFlow() again":
    "{0} 不是此版本 Lathe 的配置；请重新运行 setupTensorFlow()",
  "the compiled binding {0} is gone; run setupTensorFlow() again":
    "已编译的绑定 {0} 不见了；请重新运行 setupTensorFlow()",
  "the TensorFlow library in {0} is gone; run setupTensorFlow() again":
    "{0} 中的 TensorFlow 库不见了；请重新运行 setupTensorFlow()",
  "the TensorFlow library in {0} has changed since it was set up (it was {1}); run setupTensorFlow() again":
    "{0} 中的 TensorFlow 库在配置之后有变化（原为 {1}）；请重新运行 setupTensorFlow()",
  "there is no NVIDIA card for this process (CUDA_VISIBLE_DEVICES may hide it)":
    "此进程没有可用的 NVIDIA 显卡（可能被 CUDA_VISIBLE_DEVICES 隐藏）",
  "TensorFlow did not use a card when it was set up; run setupTensorFlow() again":
    "配置时 TensorFlow 未使用显卡；请重新运行 setupTensorFlow()",

  // 命令行与配置文件的错误
  "; ": "；",
  "{0}: {1}": "{0}：{1}",
  "See: {0}": "参见：{0}",
  "unknown flag {0}; here that is {1}": "未知选项 {0}；这里的写法是 {1}",
  "unknown flag {0}{1}": "未知选项 {0}{1}",
  "; did you mean {0}?": "；是否指 {0}？",
  "{0}: the value is missing": "{0}：缺少值",
  "unexpected argument {0}: options have names": "多余的参数 {0}：选项须写名称",
  "unknown verb {0}; {1}": "未知命令 {0}；{1}",
  "unknown verb {0}{1} {2}": "未知命令 {0}{1} {2}",
  "{0} lists the verbs": "{0} 列出所有命令",
  "{0} schema VERB: expected the name of a verb": "{0} schema VERB：应给出命令的名称",
  "{0}: expected {1}": "{0}：应为 {1}",
  "{0}: expected {1}, got {2}": "{0}：应为{1}，实为 {2}",
  "{0}: expected {1}, got {2}; {3}": "{0}：应为{1}，实为{2}；{3}",
  "expected {0}, got {1}": "应为{0}，实为{1}",
  "{0} is required": "必须给出 {0}",
  '{0}: key "{1}"': "{0}：键“{1}”",
  "{0}: expected a mapping from options to values": "{0}：应为从选项到值的映射",
  "{0}: unknown key {1}{2}": "{0}：未知的键 {1}{2}",
  "; here that is {0}{1}": "；这里的写法是 {0}{1}",
  "{0}: key {1} is there twice, in two spellings": "{0}：键 {1} 以两种写法出现了两次",
  "{0}: expected a file": "{0}：应为文件",
  "{0}: expected at most {1} bytes, got {2}": "{0}：最多 {1} 字节，实为 {2}",
  "{0}: expected YAML: {1}": "{0}：应为 YAML：{1}",
  "expected either --predictions and --references, or --model and --data":
    "应给出 --predictions 和 --references，或 --model 和 --data",
  "--adapter and --predictions-output go with --model": "--adapter 和 --predictions-output 须与 --model 连用",
  "one of {0}": "以下之一：{0}",
  "a whole number{0}": "整数{0}",
  "a number{0}": "数字{0}",
  " from {0} to {1}": "（{0} 到 {1}）",
  " from {0}": "（不小于 {0}）",
  " above {0}": "（大于 {0}）",
  " at most {0}": "（不大于 {0}）",
  " below {0}": "（小于 {0}）",
  "{0},{1}": "{0}{1}",
  "true or false": "true 或 false",
  "a list": "列表",
  "a list, each {0}": "列表，每项为{0}",
  "a mapping": "映射",
  "a mapping from names, each to {0}": "从名称到{0}的映射",
  "a text that is not empty": "非空文本",
  "renames such as question=input,answer=output": "改名，例如 question=input,answer=output",
  "names and numbers such as o_proj=4": "名称与数字，例如 o_proj=4",
  "layer numbers and ranges such as 0-3,8": "层号与范围，例如 0-3,8",
  "a size such as 8GB or 7.5GiB": "大小，例如 8GB 或 7.5GiB",
  "expected a size such as 8GB or 7.5GiB": "应为大小，例如 8GB 或 7.5GiB",
  nothing: "空",

  // 路径的错误
  "no such file": "没有此文件",
  "a JSON file": "JSON 文件",
  "expected a file, got a folder": "应为文件，实为文件夹",
  "expected a file, got something that is none": "应为文件，实际不是",
  "may not be read: permission denied": "无法读取：没有权限",
  "cannot be read: {0}": "无法读取：{0}",
  "cannot be written: {0}": "无法写入：{0}",
  "cannot be made: {0}": "无法创建：{0}",
  "cannot be replaced: {0}": "无法替换：{0}",
  "cannot be removed: {0}": "无法删除：{0}",
  "permission denied": "没有权限",
  "it is in use": "正在使用中",
  "the disk quota is used up": "磁盘配额已用尽",
  "it would be larger than the limit on the size of files": "将超过文件大小的限制",
  "the system does not do that there": "系统在该处不支持此操作",
  "the device failed": "设备出错",
  "it is a folder": "它是文件夹",
  "its links lead in a circle": "链接构成循环",
  "too many files are open": "打开的文件过多",
  "the name is too long": "名称过长",
  "the system takes nothing there": "系统不允许在该处写入",
  "no space is left on the device": "设备空间不足",
  "a part of the path is a file": "路径的一部分是文件",
  "the file system is read-only": "文件系统只读",
  "it is being run": "正在运行",
  "it lies on another file system": "位于另一个文件系统",
  "is empty": "为空",
  "holds no rows": "没有数据行",
  "is UTF-16; save it as UTF-8": "是 UTF-16 编码；请另存为 UTF-8",
  "is of an unknown kind; expected .jsonl, .ndjson, .csv, .tsv or .parquet":
    "类型未知；应为 .jsonl、.ndjson、.csv、.tsv 或 .parquet",
  "was tokenised with another tokenizer than the model's; prepare the data again":
    "所用的分词器与模型的不同；请重新准备数据",
  "an output folder": "输出文件夹",
  "an output folder that does not exist": "尚不存在的输出文件夹",
  "an output folder that does not exist or is empty": "尚不存在或为空的输出文件夹",
  "one with files in it": "含有文件的文件夹",
  "a file": "文件",
  "name a folder": "请指定文件夹",
  "choose another place": "请另选位置",
  "name another folder": "请指定另一个文件夹",
  "name another one or allow overwriting": "请另指定一个，或允许覆盖",
  "choose another place or allow overwriting": "请另选位置，或允许覆盖",
  "move it away or name another folder": "请移走它，或指定另一个文件夹",
  "move it away or choose another place": "请移走它，或另选位置",
  "another folder than the model's": "不同于模型的文件夹",
  "the same": "同一个",
  "a folder that prepare wrote and nobody added to, as only that is overwritten":
    "由 prepare 写出且未添加其他内容的文件夹（只有这样的文件夹会被覆盖）",
  "a folder that quantising wrote and nobody added to, as only that is replaced":
    "由 quantize 写出且未添加其他内容的文件夹（只有这样的文件夹会被替换）",
  "no such folder; {0}": "没有此文件夹；{0}",
  "no such file; {0}": "没有此文件；{0}",
  "if {0} is an id on a hub, download it first, with `{1}` or `{2}`, and give {3}":
    "若 {0} 是模型库上的编号，请先用 `{1}` 或 `{2}` 下载，再给出 {3}",
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
  "{0} is the folder of a run; expected the base model, with {1} as --adapter":
    "{0} 是一次运行的文件夹；应给出基础模型，并以 {1} 作为 --adapter",
  "{0} is an adapter; expected the base model, with this as --adapter":
    "{0} 是适配器；应给出基础模型，并以它作为 --adapter",
  "{0} is a folder of prepared rows; expected a model folder": "{0} 是准备好的数据文件夹；应为模型文件夹",
  "{0} is a folder of a hub's cache; the model is in {1}": "{0} 是模型库缓存的文件夹；模型在 {1}",
  "{0} is a folder that lathe prepare wrote; its rows are in {1}":
    "{0} 是 lathe prepare 写出的文件夹；数据在 {1}",
  "{0} is a folder; expected a file of rows": "{0} 是文件夹；应为数据文件",
  "{0} is a folder; expected a file of rows, such as {1}": "{0} 是文件夹；应为数据文件，例如 {1}",
  "metrics: {0}; rouge stands for rouge1, rouge2 and rougeL":
    "指标：{0}；rouge 代表 rouge1、rouge2 和 rougeL",
  "--resume goes on with a run and --overwrite replaces it: give one of them":
    "--resume 继续一次运行，而 --overwrite 替换它：请只给出一个",
  "expected either --prompt TEXT or --ids 1,2,3": "应给出 --prompt TEXT 或 --ids 1,2,3",
  "--system goes with --prompt in a chat template, not with --ids or --raw":
    "--system 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "--tools goes with --prompt in a chat template, not with --ids or --raw":
    "--tools 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "{0}: the replies would be written over the rows": "{0}：回复会覆盖数据",

  // 各项设置的错误
  "{0} {1}": "{0} {1}",
  "{0}: the folder has no tokenizer.json, which {1} needs": "{0}：文件夹中没有 {1} 所需的 tokenizer.json",
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
  "{0} ({1}GB less, {2} times the arithmetic)": "{0}（少 {1}GB，计算量为 {2} 倍）",
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

  // 剪枝、报告与其他训练选项
  "prompts of --validation that the model answers before the first step and after every evaluation, for RUN/report.html":
    "训练前和每次评估后让模型回答 --validation 中的几条提问，用于 RUN/report.html",
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
  "is added to the likelihood of labels, and {0} {1} compares completions: leave it out":
    "加在标签的似然上，而 {0} {1} 比较的是回答：请去掉",
  "Say what a run takes, in memory and time, before it is begun": "在开始之前说明一次训练所需的内存和时间",
  "graphics card to plan for, such as rtx3060-12gb, in place of --memory":
    "要规划的显卡，例如 rtx3060-12gb，代替 --memory",
  "Reads the rows and the headers of the weights, and says what a run takes for what, about how long a step lasts here, and what takes less. Nothing is written. Exit code 1 when it does not fit.":
    "读取数据与权重文件头，说明各部分占用的内存、在本机上每步大致的时间，以及更省的办法。不写任何文件。放不下时退出码为 1。",
  "a name that ends with its memory, such as rtx3060-12gb": "以显存结尾的名称，例如 rtx3060-12gb",
  "nothing beside memory, which says the same": "在给出内存时不给出，二者含义相同",
};
