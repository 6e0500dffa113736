import type { Translations } from "@lathe/files";

/** 帮助：标题、各命令与选项。 */
export const helpPhrases: Translations = {
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
  "Personal data:": "个人信息：",
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
  "Publish an adapter or a trained model with a card of how it was made":
    "发布适配器或训练好的模型，并附上说明其来历的模型卡",
  "Writes a model card from the run's own report and sends it with the files that loaders read, as one commit. No path of this machine goes along. Needs a token that may write (HF_TOKEN) and the package @huggingface/hub.":
    "根据训练自身的报告写出模型卡，与加载所需的文件作为一次提交发送。不会带上本机的任何路径。需要有写权限的令牌（HF_TOKEN）和 @huggingface/hub 包。",
  "run, or the adapter or the model that it has written": "训练目录，或其写出的适配器或模型",
  "repository on Hugging Face: owner/name": "Hugging Face 上的仓库：owner/name",
  "name of the base model on the hub": "基础模型在平台上的名称",
  "where it came from": "其来源",
  "report.json of an evaluation, for the card": "评测的 report.json，写入模型卡",
  "licence by its short name on the hub, such as apache-2.0": "许可证在平台上的短名称，如 apache-2.0",
  "let all see it; else the repository is private": "公开；否则仓库为私有",
  "show all that would go, send nothing": "显示将要发送的全部内容，但不发送",
  "Continue a prompt": "续写提示",
  "Talk with a model": "与模型对话",
  "Serve a model and its adapters behind OpenAI's HTTP interface": "以 OpenAI 的 HTTP 接口提供模型及其适配器",
  "Runs until it is interrupted: replies under way end, new requests are refused. Routes: /v1/chat/completions, /v1/completions, /v1/models, /health, /metrics.":
    "运行到被中断为止：进行中的回复会结束，新请求被拒绝。路由：/v1/chat/completions、/v1/completions、/v1/models、/health、/metrics。",
  "Serving:": "服务：",
  "name that requests call the base model by": "请求中基础模型的名称",
  "that of its folder": "其文件夹的名称",
  "adapters and the names that requests call them by": "适配器及其在请求中的名称",
  "address to listen at; one that others reach needs --api-key": "监听地址；他人可达的地址须有 --api-key",
  "port to listen at; 0 for any that is free": "监听端口；0 表示任一空闲端口",
  "key that requests must bear": "请求须携带的密钥",
  LATHE_API_KEY: "LATHE_API_KEY",
  "names besides those of this machine that requests may call it by": "除本机名称外，请求可用的主机名",
  "replies computed at one time": "同时计算的回复数",
  "replies that wait at most; more are refused": "等待的回复数上限；超出则拒绝",
  "held at most, of replies under way and of texts kept for those that begin alike":
    "最多保留，包括进行中的回复以及为相同开头保留的文本",
  "new tokens of a reply whose request does not say": "请求未指明时回复的新词元数",
  "seconds that a reply may take, waiting included": "一个回复最多用的秒数，含等待",
  "what becomes of what the model thinks before it answers": "模型回答前的思考如何处理",
  "say each request's route, status and time": "显示每个请求的路由、状态与用时",
  seconds: "秒",
  "Merge an adapter into its base model": "将适配器合并到基础模型",
  "Write a model folder with packed weights": "写出权重经过压缩的模型文件夹",
  "Make TensorFlow on this machine ready as an engine, with an NVIDIA card or without":
    "将本机的 TensorFlow 配置为计算引擎，有无 NVIDIA 显卡均可",
  "Show what this machine offers, and check a model folder": "显示本机的能力，并检查模型文件夹",
  "Writes train.jsonl, validation.jsonl, test.jsonl, rejected.jsonl and manifest.json; with --model also .arrow files of tokens. The folder appears once it is whole; --resume goes on with a run that was interrupted, to the same bytes.":
    "写出 train.jsonl、validation.jsonl、test.jsonl、rejected.jsonl 和 manifest.json；给出 --model 时另写 .arrow 词元文件。文件夹在完整之后才出现；--resume 接着被中断的运行继续，结果逐字节相同。",
  "go on from where the same command was interrupted or killed; else it begins anew":
    "从同一命令被中断或强制结束的地方继续；否则重新开始",
  "RUN/adapter is a PEFT folder, or RUN/model a model folder; RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits. Started by mpirun, all ranks share the micro-batches of a step, and the first one writes the run.":
    "RUN/adapter 是 PEFT 文件夹，或 RUN/model 是模型文件夹；RUN/metrics.jsonl 每个优化器步一行。Ctrl-C 会写出检查点；--resume 从检查点继续，结果逐位相同。由 mpirun 启动时，所有进程分担每一步的微批次，由第一个进程写出结果。",
  "The loss is the mean over all labels, in nats. Of pairs and dialogues the replies are scored, of token rows what their labels say; -100 is not.":
    "损失是所有标签的平均值，单位为奈特。问答与对话只计回复，词元行按其标签；-100 不计。",
  "Scores files of replies, or has a model reply to rows first, without and with adapters: it then also measures the perplexity of the references, and compares.":
    "对回复文件评分，或先让模型（不带和带适配器）回复数据行：此时还会计算参考答案的困惑度，并作比较。",
  "adapter folders: each is compared with the model without one":
    "适配器文件夹：每个都与不带适配器的模型比较",
  "also measure the model without an adapter": "同时评估不带适配器的模型",
  "measure the adapters alone": "只评估适配器",
  "rows of general text, whose perplexity shows what an adapter has made the model forget":
    "通用文本的数据行，其困惑度显示适配器使模型遗忘了什么",
  "folder for the replies of each system and for report.json, report.md and report.html":
    "存放各系统回复以及 report.json、report.md、report.html 的文件夹",
  "go on with the evaluation in --output that was ended or killed": "继续 --output 中被中断的评估",
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

  "Compares the rows of the test split with those of train and validation, and those of validation with train, by the sets of their character 5-grams. Ends with code 1 where it finds a pair. Rows of benchmarks are compared by their questions as well.":
    "按字符五元组集合，将测试集的行与训练集、验证集比较，并将验证集的行与训练集比较。发现相近的行对时以代码 1 结束。基准的行还按问题比较。",
  "Show that no row scored on has a near copy among the rows learnt from":
    "检查评测所用的行在训练所用的行中没有近似副本",
  "Write a page that shows what a model is trained on": "写出展示训练数据内容的页面",
  "Writes one page that needs nothing beside it: rows by rule with examples, lengths, languages, personal data, splits, frequent words, topics; with --model or --run also sampled rows token by token, coloured by who speaks, by what is learnt and by loss.":
    "写出一个独立的页面：各规则涉及的行与示例、长度、语言、个人信息、划分、常见词、主题；给出 --model 或 --run 时另有抽样行的逐词元展示，按说话者、是否学习与损失着色。",
  "Write prepared tokens as Python's datasets library reads them":
    "按 Python 的 datasets 库所读的格式写出准备好的词元",
  "Writes the token files of a prepared folder as Hugging Face datasets saves them: in Python, datasets.load_from_disk(DIR) maps them into memory. Nothing is overwritten.":
    "按 Python 的 datasets 库的保存格式写出准备好的文件夹中的词元文件，可用 datasets.load_from_disk(DIR) 映射到内存。不会覆盖任何内容。",

  // 帮助：选项
  "folder that lathe prepare wrote": "lathe prepare 写出的文件夹",
  "page to write; DIR-report.html unless given": "要写出的页面；默认为 DIR-report.html",
  "model whose tokenizer shows rows token by token": "模型，用其分词器逐词元展示行",
  "run, for the loss of each token before and after it": "运行文件夹，用于展示训练前后每个词元的损失",
  "rows shown token by token": "逐词元展示的行数",
  "chooses the rows that are looked at": "选择所查看的行",
  "folder that lathe prepare wrote with a model": "lathe prepare 在给出模型时写出的文件夹",
  "tokens of a shard at most, at eight bytes each": "每个分片最多的词元数，每个占八字节",
  "folder that lathe prepare wrote, or one with train.jsonl and test.jsonl":
    "lathe prepare 写出的文件夹，或含有 train.jsonl 与 test.jsonl 的文件夹",
  "files of rows that would be trained on as well": "还将用于训练的行文件",
  "files of other benchmarks, whose rows must not be trained on": "其他基准的文件，其中的行不得用于训练",
  "least likeness that is a leak (Jaccard, of character 5-grams)":
    "视为泄漏的最低相似度（字符五元组的 Jaccard 系数）",
  "files of rows, folders, patterns, or files at https:// and s3://: JSONL, JSON, CSV, Parquet, Arrow or text, also packed":
    "数据文件、文件夹、通配模式，或位于 https:// 与 s3:// 的文件：JSONL、JSON、CSV、Parquet、Arrow 或文本，也可以是压缩的",
  "folder to write": "要写出的文件夹",
  "weights of train, validation and test": "训练、验证与测试集的比例",
  "chooses among the possible splits": "在可能的划分中选择",
  "fields, such as customer, whose rows of one value share a split; the rows of a dialogue always do":
    "字段（如 customer），其值相同的行划入同一部分；同一对话的行总是如此",
  "field whose every value is split by the weights": "按比例分别划分其每个取值的字段",
  "least likeness of near copies (Jaccard, of character 5-grams), which are set aside; off looks for none":
    "近似重复行的最低相似度（字符五元组的 Jaccard 系数），近似重复行将被搁置；off 表示不查找",
  "keep near copies, all in one split": "保留近似重复的行，全部划入同一部分",
  "columns to learn from, by the key they stand for": "要学习的列，按其对应的键给出",
  "Show a row token by token, and what of it is learnt": "逐个词元显示一行，以及其中学习的部分",
  "Shows a row as a model is trained on it: what the chat template writes, the replies, and every token. What is learnt is green on a terminal and in brackets elsewhere.":
    "显示模型训练时所见的一行：对话模板所写的内容、回复以及每个词元。学习的部分在终端上为绿色，在别处用方括号标出。",
  "file of rows or tokens, or folder that lathe prepare wrote":
    "数据行或词元的文件，或 lathe prepare 写出的文件夹",
  "number of the row, from 1": "行号，从 1 开始",
  "split of a folder": "文件夹中的划分",
  "model whose tokenizer and chat template encode the row": "用其分词器与对话模板编码该行的模型",
  "share of unusable rows beyond which nothing is written": "无法使用的行超过此比例则不写出任何内容",
  "replace a folder that prepare made": "替换由 prepare 生成的文件夹",
  "least of what the model is given": "模型输入的最少字符数",
  "least of what the model is to say": "模型输出的最少字符数",
  "most of a row, input and output together": "一行的最多字符数，输入与输出合计",
  "steps of cleaning, in the order in which they run; in the config file also with settings, such as {step: language, share: 0.6}":
    "清洗步骤，按运行顺序列出；配置文件中还可带设置，例如 {step: language, share: 0.6}",
  "mask: placeholders such as [PHONE_1] in its place; drop: rows that hold any are set aside; report: only counted; keep: not looked for":
    "mask：以 [电话1] 或 [PHONE_1] 代替；drop：搁置含个人信息的行；report：只计数；keep：不查找",
  "file of public data that stay, such as numbers of hotlines, one a line":
    "公开信息的文件（如热线号码），每行一个，保留不遮盖",
  "file of the key with which masking can be undone, made where there is none; keep it apart from the rows":
    "密钥文件，可用来还原遮盖的内容；不存在时新建；请与数据分开保管",
  "steps of cleaning to leave out": "不使用的清洗步骤",
  "model folder whose tokenizer also makes .arrow files": "模型文件夹，用其分词器另写 .arrow 文件",
  "longest row; the end of a longer one is cut off": "最长的行；超出部分从末尾截去",
  "longest row": "最长的行",
  "replies of a dialogue that are learnt: all, or the last one; turns with train: false or weight: 0 are not":
    "对话中要学习的回复：全部（all）或最后一条（last）；带 train: false 或 weight: 0 的轮次不学习",
  "<think> blocks that are learnt with replies; keep: all; mask: they stand in the text, not learnt; empty: an empty block instead; strip: none":
    "随回复学习的 <think> 部分；keep：全部学习；mask：留在文本中但不学习；empty：换成空的思考块；strip：去掉",
  "replies of a dialogue that are measured: all, or the last one":
    "对话中要衡量的回复：全部（all）或最后一条（last）",
  "<think> blocks that are measured with replies, and asked for by prompts; keep: all; mask: they stand in the text, not measured; empty: an empty block instead; strip: none":
    "随回复衡量、并由提示要求的 <think> 部分；keep：全部；mask：留在文本中但不衡量；empty：换成空的思考块；strip：去掉",
  "as trained, else all": "与训练时相同，否则为 all",
  "as trained, else keep": "与训练时相同，否则为 keep",
  "policy that the prompt follows; empty: the prompt ends with an empty <think> block; strip: it opens none; keep and mask: as the chat template has it":
    "提示遵循的思考策略；empty：提示以空的 <think> 块结尾；strip：不打开思考块；keep 与 mask：按对话模板",
  "rows longer than --max-tokens: cut at an end or in the middle, split into whole exchanges, left out, or an error":
    "超过 --max-tokens 的行：从一端或中间截去、按完整的问答拆分、略去，或报错",
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
  "rows of like length share a step, so that its micro-batches are of like size":
    "长度相近的行同在一步，使各微批大小相近",
  "take the rows in another order each epoch": "每轮以不同的顺序取行",
  "take the rows in the order of the file, each epoch": "每轮按文件中的顺序取行",
  "steps between evaluations on the validation rows; 0 for one at the end only":
    "验证集评估之间的步数；0 表示只在结束时评估",
  "rank of the update": "更新的秩",
  "numerator of the scale alpha / rank": "缩放系数 alpha / rank 的分子",
  "probability with which an input of the update is dropped in training": "训练时丢弃更新输入的概率",
  "linears to adapt: names such as q_proj, what they do such as query, or {0}; a single text in the config file is a regular expression of their paths":
    "要适配的线性层：名称如 q_proj，作用如 query，或 {0}；配置文件中的单个文本视为其路径的正则表达式",
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
  "replies generated at one time; where one ends, the next row takes its place":
    "同时生成的回复数；一条结束后由下一行接替",
  "file for the replies of the last system: .jsonl with prompt, prediction, reference":
    "最后一个系统的回复文件：.jsonl，含 prompt、prediction、reference",
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
  "rows to learn, to hold the memory of this machine to": "要学习的数据，用来核对本机内存",
  "model folder to check: config, tensors, tokenizer": "要检查的模型文件夹：配置、张量、分词器",
  "Show that a run can be killed at any moment and goes on to the same bits":
    "证明训练在任意时刻被强制结束后都能恢复，且结果逐位相同",
  "Trains the first steps of a run without a stop, and again in processes that are killed at random moments and resumed, and compares weights, moments and metrics bit by bit. All in temporary folders.":
    "先不间断地训练开头几步，再在随机时刻被强制结束并恢复的进程中训练同样的步，然后逐位比较权重、优化器状态和指标。全部写在临时文件夹中。",
  "how often the run is killed": "强制结束的次数",
  "first steps of the run that are tried": "试验训练的开头几步",
  "moments of the kills follow from it": "强制结束的时刻由它决定",
  "rows to learn, as for train; without them, rows of --max-tokens tokens are planned, 512 unless given":
    "要学习的数据行，与 train 相同；不给时按每行 --max-tokens 个词元规划，默认 512",
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
  "probability with which embeddings and what layers add to them are dropped in training, such as 0.1 for a model trained from its first weights":
    "训练时丢弃嵌入和各层所加内容的概率，例如从初始权重训练的模型用 0.1",
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
  "when memory runs out; continue: a fresh process goes on from the newest checkpoint with the next remedy (all layers computed again, smaller micro-batches, nf4) and the same effective batch; stop: the run ends":
    "内存耗尽时的做法；continue：新进程从最新的检查点以下一项补救措施继续（所有层重新计算、更小的微批次、nf4），有效批大小不变；stop：结束运行",
  "Show that rows in several micro-batches train as in one": "验证多个微批次与一个微批次的训练结果相同",
  "Show that rows side by side train as rows alone": "验证并排的行与单独的行训练结果相同",
  "Takes a step of training with 16 of the rows in one micro-batch and in four, and compares losses and gradients. Nothing is written. Exit code 1 when they differ by more than the tolerance that is said.":
    "用其中 16 行分别以一个微批次和四个微批次训练一步，比较损失与梯度。不写任何文件。差异超过所示容差时退出码为 1。",
  "Takes a step of training with 16 of the rows side by side and with each alone, and compares losses, label by label, and gradients. Nothing is written. Exit code 1 when they differ by more than the tolerance that is said.":
    "用其中 16 行分别并排和逐行单独训练一步，逐个标签比较损失，并比较梯度。不写任何文件。差异超过所示容差时退出码为 1。",
  "Write a model or an adapter in the files of other programs: GGUF, MLX, Ollama":
    "把模型或适配器写成其他程序的文件：GGUF、MLX、Ollama",
  "Read a GGUF file as a model folder, or an adapter of mlx-lm":
    "把 GGUF 文件读成模型文件夹，或读取 mlx-lm 的适配器",
  "A GGUF file becomes a model folder, such as a base for training, with tokenizer and template; an adapter of mlx-lm becomes one of PEFT. Nothing is overwritten.":
    "GGUF 文件变成模型文件夹（例如用作训练的基础模型），含分词器与模板；mlx-lm 的适配器变成 PEFT 的适配器。不覆盖任何内容。",
  "what is written": "写成什么",
  "file or folder to make": "要新建的文件或文件夹",
  "type of the weights in GGUF, in ONNX and for the web": "GGUF、ONNX 与 web 的权重类型",
  "what the base was packed in while the adapter was trained: the merge is onto what those weights stand for":
    "训练适配器时基础模型的压缩格式：合并到压缩权重所代表的数值上",
  "GGUF file, or folder of an adapter of mlx-lm": "GGUF 文件，或 mlx-lm 适配器的文件夹",
  "base model that an adapter is of": "适配器所属的基础模型",
  "type of the weights written; keep leaves float weights their own and makes quantised ones fp16":
    "写出权重的类型；keep 保留浮点权重原有类型，量化权重变为 fp16",
  "gguf, ollama, onnx and web hold the model, with an adapter merged into it where one is given; web is a folder with a page that runs it in browsers; merged is a model folder; peft, gguf-lora and mlx hold the adapter alone. GGUF that answers otherwise than the model in llama.cpp, or ONNX in transformers.js, is not kept: exit code 1, and a report beside its place. Nothing is overwritten.":
    "gguf、ollama、onnx 和 web 包含模型，指定适配器时将其合并；web 是带网页、在浏览器中运行模型的文件夹；merged 是模型文件夹；peft、gguf-lora 和 mlx 只含适配器。GGUF 在 llama.cpp 中、ONNX 在 transformers.js 中的回答若与模型不同则不予保留：退出码为 1，并在其位置旁留下报告。不覆盖任何内容。",
  "what a bundle for the web may take in all": "网页包总共可占的大小",
  "F16, of ONNX fp32, of the web fp32 where it fits and else q4":
    "F16；ONNX 为 fp32；web 为 fp32，放不下时为 q4",
  "keep GGUF and ONNX without replaying prompts in llama.cpp or transformers.js; the card says that nothing is proven":
    "不在 llama.cpp 或 transformers.js 中重放提示即保留 GGUF 与 ONNX；其说明页注明未经验证",
  "held-out rows whose prompts are replayed; without, a few of Lathe's are, where that program is installed":
    "用来重放提示的留出数据行；不给出时，若已安装该程序则重放 Lathe 自带的几条提示",
  "Install the programs that exports are proven in": "安装用来验证导出结果的程序",
  "install this one alone": "只安装这一个",
  "npm fetches node-llama-cpp, in which GGUF is proven, and transformers.js, in which ONNX is, into a cache folder of the user, or that of LATHE_GATE. No script of theirs runs, and no project grows by them.":
    "npm 把用来验证 GGUF 的 node-llama-cpp 和用来验证 ONNX 的 transformers.js 下载到用户的缓存文件夹或 LATHE_GATE 所指的文件夹。不运行其中任何脚本，也不增大任何项目。",
  "leave the weights on disk and read one layer after the other, once forwards and once backwards a step, however many rows it has (--gradient-accumulation); the same numbers as --checkpointing block; without it where the weights do not fit the memory":
    "权重留在磁盘上，逐层读取：每步前向、反向各读一遍，与该步的样本数 (--gradient-accumulation) 无关；数值与 --checkpointing block 相同；不给出时，内存放不下权重才这样做",
};
