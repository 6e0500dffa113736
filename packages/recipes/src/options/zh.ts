import type { Translations } from "@lathe/files";

/** 各方案选项的中文，键为英文原文。 */
export const optionsZh: Translations = {
  "run, or the adapter or the model that it has written": "训练目录，或其写出的适配器或模型",
  "repository on Hugging Face: owner/name": "Hugging Face 上的仓库：owner/name",
  "name of the base model on the hub": "基础模型在平台上的名称",
  "report.json of an evaluation, for the card": "评测的 report.json，写入模型卡",
  "a short name of a licence, such as apache-2.0": "许可证的短名称，如 apache-2.0",
  "licence by its short name on the hub, such as apache-2.0": "许可证在平台上的短名称，如 apache-2.0",
  "let all see it; else the repository is private": "公开；否则仓库为私有",
  "show all that would go, send nothing": "显示将要发送的全部内容，但不发送",
  "go on from where the same command was interrupted or killed; else it begins anew":
    "从同一命令被中断或强制结束的地方继续；否则重新开始",
  "adapter folders: each is compared with the model without one":
    "适配器文件夹：每个都与不带适配器的模型比较",
  "also measure the model without an adapter": "同时评估不带适配器的模型",
  "rows of general text, whose perplexity shows what an adapter has made the model forget":
    "通用文本的数据行，其困惑度显示适配器使模型遗忘了什么",
  "folder for the replies of each system and for report.json, report.md and report.html":
    "存放各系统回复以及 report.json、report.md、report.html 的文件夹",
  "go on with the evaluation in --output that was ended or killed": "继续 --output 中被中断的评估",
  "folder that lathe prepare wrote": "lathe prepare 写出的文件夹",
  "page to write; DIR-report.html unless given": "要写出的页面；默认为 DIR-report.html",
  "model whose tokenizer shows rows token by token": "模型，用其分词器逐词元展示行",
  "run, for the loss of each token before and after it": "运行文件夹，用于展示训练前后每个词元的损失",
  "rows shown token by token": "逐词元展示的行数",
  "chooses the rows that are looked at": "选择所查看的行",
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
  "file of rows or tokens, or folder that lathe prepare wrote":
    "数据行或词元的文件，或 lathe prepare 写出的文件夹",
  "number of the row, from 1": "行号，从 1 开始",
  "show all of a long row, not its beginning and end alone": "显示长行的全部内容，而不只是首尾",
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
  "longest row": "最长的行",
  "replies of a dialogue that are learnt: all, or the last one; turns with train: false or weight: 0 are not":
    "对话中要学习的回复：全部（all）或最后一条（last）；带 train: false 或 weight: 0 的轮次不学习",
  "<think> blocks that are learnt with replies; keep: all; mask: they stand in the text, not learnt; empty: an empty block instead; strip: none":
    "随回复学习的 <think> 部分；keep：全部学习；mask：留在文本中但不学习；empty：换成空的思考块；strip：去掉",
  "replies of a dialogue that are measured: all, or the last one":
    "对话中要衡量的回复：全部（all）或最后一条（last）",
  "<think> blocks that are measured with replies, and asked for by prompts; keep: all; mask: they stand in the text, not measured; empty: an empty block instead; strip: none":
    "随回复衡量、并由提示要求的 <think> 部分；keep：全部；mask：留在文本中但不衡量；empty：换成空的思考块；strip：去掉",
  "policy that the prompt follows; empty: the prompt ends with an empty <think> block; strip: it opens none; keep and mask: as the chat template has it":
    "提示遵循的思考策略；empty：提示以空的 <think> 块结尾；strip：不打开思考块；keep 与 mask：按对话模板",
  "rows longer than --max-tokens: cut at an end or in the middle, split into whole exchanges, left out, or an error":
    "超过 --max-tokens 的行：从一端或中间截去、按完整的问答拆分、略去，或报错",
  "taken as everywhere; this verb needs none": "与其他命令一致；此命令用不到",
  likewise: "同上",
  "model folder: config.json, safetensors, tokenizer": "模型文件夹：config.json、safetensors、分词器",
  "rows to learn, in any shape: a file, a folder, a pattern, or an address at https:// or s3://; or a prepared .arrow file":
    "要学习的数据，任意行格式：文件、文件夹、通配模式，或 https://、s3:// 地址；也可为准备好的 .arrow 文件",
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
  "most tokens of a micro-batch, which has as many rows as fit, in place of --batch-size; 0 for no such limit":
    "每个微批的词元上限，装入尽可能多的行，代替 --batch-size；0 表示不设此限",
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
  "replies generated at one time; where one ends, the next row takes its place; more than 8 are faster and rounded otherwise, so that some part from what is generated alone":
    "同时生成的回复数；一条结束后由下一行接替；多于 8 条时更快，但舍入方式不同，个别回复会与单独生成的不同",
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
  "rows to learn, to hold the memory of this machine to": "要学习的数据，用来核对本机内存",
  "model folder to check: config, tensors, tokenizer": "要检查的模型文件夹：配置、张量、分词器",
  "how often the run is killed": "强制结束的次数",
  "first steps of the run that are tried": "试验训练的开头几步",
  "moments of the kills follow from it": "强制结束的时刻由它决定",
  "rows to learn, as for train; without them, rows of --max-tokens tokens are planned, 512 unless given":
    "要学习的数据行，与 train 相同；不给时按每行 --max-tokens 个词元规划，默认 512",
  "may be in the config file, and is left alone": "配置文件中可以有，不会被改动",
  "continue the run in --output after its newest intact checkpoint, with its own options":
    "从 --output 中运行的最新完好检查点继续，选项沿用原来的",
  "adamw; adamw8bit: its moments in 8 bits; adafactor: moments by rows and columns; sgd: none":
    "adamw；adamw8bit：矩以 8 位保存；adafactor：按行与列保存矩；sgd：不保存矩",
  "strength of the pull back to where the run began (FedProx), such as 0.1; 0 for none":
    "拉回训练起点的强度（FedProx），例如 0.1；0 表示不用",
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
  "what is written": "写成什么",
  "file or folder to make": "要新建的文件或文件夹",
  "type of the weights in GGUF, in ONNX and for the web": "GGUF、ONNX 与 web 的权重类型",
  "what the base was packed in while the adapter was trained: the merge is onto what those weights stand for":
    "训练适配器时基础模型的压缩格式：合并到压缩权重所代表的数值上",
  "GGUF file, or folder of an adapter of mlx-lm": "GGUF 文件，或 mlx-lm 适配器的文件夹",
  "base model that an adapter is of": "适配器所属的基础模型",
  "type of the weights written; keep leaves float weights their own and makes quantised ones fp16":
    "写出权重的类型；keep 保留浮点权重原有类型，量化权重变为 fp16",
  "what a bundle for the web may take in all": "网页包总共可占的大小",
  "keep it without replaying prompts in the program that reads it; the card says that nothing is proven":
    "不在读取它的程序中重放提示即保留；其说明页注明未经验证",
  "held-out rows whose prompts are replayed; without, a few of Lathe's are, where that program is installed":
    "用来重放提示的留出数据行；不给出时，若已安装该程序则重放 Lathe 自带的几条提示",
  "leave the weights on disk and read one layer after the other for every token, of experts those that are chosen: for a model larger than memory, slow for few replies at a time":
    "权重留在磁盘上，每生成一个词元就逐层读取一遍，专家只读被选中的：用于比内存大的模型，同时生成的回复少时很慢",
  "leave the weights on disk and read one layer after the other, once forwards and once backwards a step, however many rows it has (--gradient-accumulation); the same numbers as --checkpointing block; without it where the weights do not fit the memory":
    "权重留在磁盘上，逐层读取：每步前向、反向各读一遍，与该步的样本数 (--gradient-accumulation) 无关；数值与 --checkpointing block 相同；不给出时，内存放不下权重才这样做",
  "files of replies to score: a text a line, or .jsonl; others are compared with the first":
    "要评分的回复文件：每行一段文本，或 .jsonl；其余文件与第一个比较",
  "metrics: {0}; rouge stands for rouge1, rouge2 and rougeL, classification for the ten of labels, llama-factory for its four":
    "指标：{0}；rouge 代表 rouge1、rouge2 和 rougeL，classification 代表标签的十项，llama-factory 代表其四项",
  "labels of classification": "分类的标签",
  "address of an OpenAI-compatible interface whose model judges the replies: it scores each, and prefers one of two, asked in both orders; the texts are sent there, with the key of LATHE_JUDGE_KEY":
    "OpenAI 兼容接口的地址，由其模型评判回复：给每条打分，并两两比较（两种次序都问）；文本会连同 LATHE_JUDGE_KEY 中的密钥发往该处",
  "name of the judging model there": "该处评判模型的名称",
  "language of what the judge is told": "给评判模型的说明所用的语言",
  "questions that are open at one time": "同时进行的提问数",
  "until a question is asked again": "等待多久后重新提问",
  "length of an answer at most, with its reasoning": "每个回答的最大长度，含思考部分",
  "file that answers are appended to; those that it holds are not asked for again":
    "回答逐条追加到的文件；其中已有的不再询问",
  "model folder that the metric embedding compares texts by": "指标 embedding 用来比较文本的模型文件夹",
  "where a reply's label stands: whole, first-line, longest-label, field:NAME of JSON, or pattern:REGEX":
    "标签在回复中的位置：whole（整段）、first-line（首行）、longest-label（所含的最长标签）、field:NAME（JSON 字段）或 pattern:REGEX（正则表达式）",
  "whether <think> blocks of replies and references are scored; the scores of the other rule are given beside":
    "回复与参考答案中的 <think> 部分是否参与评分；另一种规则的分数会一并给出",
  "times that the bootstrap draws the rows, for intervals of 95 %": "自助法重复抽样的次数，用于 95 % 区间",
  "rows to compare settings on; without it some of --data are set apart":
    "比较设置所用的数据行；不给出时从 --data 中留出一部分",
  "how long all of it may take, such as 30m or 1h30m": "全部过程可用的时间，例如 30m 或 1h30m",
  "folder of the result": "结果的文件夹",
  "replace an earlier result in --output": "替换 --output 中以前的结果",
  "prompts of --validation that the model answers before the first step and after every evaluation, for RUN/report.html":
    "训练前和每次评估后让模型回答 --validation 中的几条提问，用于 RUN/report.html",
  "add the gradients of micro-batches in an order that does not depend on the number of ranks: any number comes to the same bits":
    "微批次梯度的相加顺序与进程数无关：任意进程数的结果逐位相同",
  "deal micro-batches to ranks by how fast each of them is": "按各进程的快慢分配微批次",
  "all ranks take turns at the micro-batches of a step, however fast they are":
    "各进程轮流计算一步的微批次，不论快慢",
  "2: deal what the optimiser remembers to the ranks, each of which updates its part of what is trained; checkpoints hold all of it":
    "2：优化器状态分给各进程，每个进程更新自己那部分参数；检查点仍含全部状态",
  "ranks of one machine that compute every layer together, each with a part of its heads and of its width, and keep that part of the weights: for models that one rank has no memory for; the adapter is whole":
    "同一台机器上共同计算每一层的进程数，每个进程负责一部分注意力头和宽度，也只保留这部分权重：用于单个进程内存放不下的模型；适配器是完整的",
  "ranks that are to share the steps, of which one is planned": "将分担各步的进程数，估算其中一个",
  "write TensorBoard's event files into RUN/tensorboard": "把 TensorBoard 的事件文件写入 RUN/tensorboard",
  "the report.json of a complete run": "一次完整运行的 report.json",
  "folder of the new run": "新运行的文件夹",
  "base model, where it is no longer where it was": "基础模型，若已不在原处",
  "rows, likewise": "数据，同上",
  "its rows to evaluate on, likewise": "其评估用的数据，同上",
  "leave alone what is zero in the base, so that a pruned model stays pruned when the adapter is merged":
    "不改动基础模型中为零的权重，使剪枝过的模型在合并适配器后仍保持稀疏",
  "with --method full: layers that are trained at a time, drawn at random (LISA)":
    "与 --method full 同用：每次随机抽取来训练的层数（LISA）",
  "with --lisa-layers: steps until others are drawn": "与 --lisa-layers 同用：隔多少步重新抽取",
  "how the matrices begin: kaiming; pissa: the principal components of the weights; loftq: what --quantize nf4 loses, packed in turns":
    "矩阵的初始值：kaiming；pissa：权重的主成分；loftq：--quantize nf4 所损失的部分，与量化交替求得",
  "evaluations in a row without a lower validation loss after which the run ends; 0 for no such end":
    "验证损失连续多少次评估未再降低就结束训练；0 表示不提前结束",
  "what is made small; sft: the negative log-likelihood of the labels; dpo, orpo, simpo: of rows with prompt, chosen, rejected; kto: of rows with prompt, completion, label":
    "要减小的目标；sft：标签的负对数似然；dpo、orpo、simpo：用于含 prompt、chosen、rejected 的数据；kto：用于含 prompt、completion、label 的数据",
  "strength of a preference objective": "偏好目标的强度",
  "margin that --objective simpo asks for": "--objective simpo 要求的差值",
  "rows that --objective kto pairs for its estimate of the divergence: those of the whole step, or of each micro-batch as other trainers do":
    "--objective kto 估计散度时配对的数据：整个步，或像其他训练器那样每个微批",
  "how fast the disk is, such as 3GB/s: says how long weights and checkpoints take":
    "磁盘速度，例如 3GB/s：据此给出读入权重与写检查点的时间",
  "graphics card to plan for, such as rtx3060-12gb, in place of --memory":
    "要规划的显卡，例如 rtx3060-12gb，代替 --memory",
  "folder that all parties see, or a place in an object store: s3://bucket/prefix, https://host/bucket/prefix?…":
    "各方都能看到的文件夹，或对象存储中的位置：s3://bucket/prefix、https://host/bucket/prefix?…",
  "between two looks into the mailbox": "两次查看信箱的间隔",
  "mean: FedAvg; median and trimmed-mean: of each number by itself, which a few hostile clients cannot move far":
    "mean：FedAvg；median 与 trimmed-mean：逐个数字计算，少数恶意方无法使其偏离很远",
  "what a client weighs in a mean": "均值中每一方的权重",
  "rows, and uniform with noise": "rows；有噪声时为 uniform",
  "with --rule trimmed-mean: share of the clients that is left out at either end":
    "与 --rule trimmed-mean 同用：两端各去掉的参与方比例",
  "length, over the whole adapter, to which longer updates are scaled down; median: that of the round":
    "整个适配器的更新长度上限，超出则按比例缩小；median：取本轮的中位数",
  "a length, or median": "长度，或 median",
  "standard deviation of the noise on the sum of the updates, over --clip-norm":
    "更新之和上噪声的标准差与 --clip-norm 之比",
  "no noise": "无噪声",
  "no bound": "不设上限",
  "with noise: probability with which a client's update is taken, each round anew":
    "有噪声时：每轮采用一方更新的概率",
  "with --weights rows: rows from which on a client weighs no more, whatever it says":
    "--weights rows 时：超过此行数后权重不再增加，无论一方自称有多少行",
  "with noise: probability with which epsilon may not hold": "有噪声时：epsilon 可能不成立的概率",
  "passes over a client's rows in a round": "每轮对一方数据行的遍数",
  "folder of the coordinator, in which rounds survive a kill; the same command goes on":
    "协调方的文件夹，其中的轮次在进程被杀后仍在；用同一命令继续",
  "rounds in all": "总轮数",
  "clients that a round needs": "一轮所需的参与方数量",
  "clients after which a round waits for no other; with noise, all that there are":
    "达到此数量后一轮不再等待；有噪声时为全部参与方",
  "after which a round does with --min-clients": "此后一轮只需 --min-clients",
  "rows to learn, which go nowhere": "要学习的数据行，不会外传",
  "name in the federation, which no other client has: lower-case letters, digits, dots and dashes":
    "在联邦训练中的名称，不与他方重复：小写字母、数字、点和短横线",
  "folder of the client, in which rounds survive a kill; the same command goes on":
    "参与方的文件夹，其中的轮次在进程被杀后仍在；用同一命令继续",
  "rows, which are dealt to the clients": "分配给各方的数据行",
  "rows to evaluate the adapter of every round on": "用于评估每轮适配器的数据行",
  "folder of the simulation": "模拟的文件夹",
  "replace an earlier simulation in --output": "替换 --output 中先前的模拟",
  "clients that the rows are dealt to": "数据行分配给的参与方数量",
  "how rows are dealt; equal: at random; dirichlet: unequal shares of each label, or of all rows without labels; label: two labels or so to each client":
    "分配方式；equal：随机均分；dirichlet：各标签（无标签时为全部行）按不等比例；label：每方约两个标签",
  "with --split-by dirichlet: the smaller, the less alike are the clients":
    "与 --split-by dirichlet 同用：越小，各方差异越大",
  "column that holds the label of a row": "存放标签的列",
  "clients, the last ones, that send something else than they learnt":
    "发送虚假内容的参与方数量（排在最后的几方）",
  "what those send; flip: the update turned round, ten times as long; noise: one as long in a random direction; nan: what is no number; rows: the update turned round, from a billion rows":
    "它们发送的内容；flip：反向的更新，长度为十倍；noise：同样长的随机方向的更新；nan：不是数字的内容；rows：反向的更新，自称有十亿行",
  "split, samples, noise and attacks follow from it": "分配、抽样、噪声与攻击由它决定",
  "standard deviation of the noise on the sum of the updates, over the length to which they are clipped":
    "更新之和上噪声的标准差与裁剪长度之比",
  "required unless --epsilon": "除非给出 --epsilon，否则必填",
  "budget to keep: the least noise for it is found": "要保持的预算：求其所需的最小噪声",
  "probability with which a client is taken in a round": "每轮采用一方的概率",
  "rounds that are released": "公布结果的轮数",
  "probability with which epsilon may not hold": "epsilon 可能不成立的概率",
  "how epsilon is found; tight: as today's libraries do; classic: as older releases and many papers":
    "epsilon 的求法；tight：与当今的库相同；classic：与旧版本和许多论文相同",
  "Aggregation:": "聚合：",
  "Privacy:": "隐私：",
  "expected either --predictions and --references, or --model and --data":
    "应给出 --predictions 和 --references，或 --model 和 --data",
  "--adapter, --probe, --output and --predictions-output go with --model":
    "--adapter、--probe、--output 和 --predictions-output 须与 --model 连用",
  "names and numbers such as o_proj=4": "名称与数字，例如 o_proj=4",
  "layer numbers and ranges such as 0-3,8": "层号与范围，例如 0-3,8",
  "expected a size such as 300MB": "应为大小，例如 300MB",
  "expected a size such as 8GB or 7.5GiB": "应为大小，例如 8GB 或 7.5GiB",
  "Engine:": "引擎：",
  "Generation:": "生成：",
  "Training:": "训练：",
  "Adapter:": "适配器：",
  "Cleaning:": "清洗：",
  "Personal data:": "个人信息：",
  "Tokens:": "词元：",
  "With a model:": "使用模型时：",
  characters: "字符",
  "optimiser steps": "优化器步",
  "no limit": "不限",
  "required unless --resume": "必填，除非使用 --resume",
  "what is free": "空闲内存",
  "what the model can read": "模型可读的长度",
  "13a, or zh for Chinese": "13a，中文为 zh",
  "where it came from": "其来源",
  "measure the adapters alone": "只评估适配器",
  "as trained, else all": "与训练时相同，否则为 all",
  "as trained, else keep": "与训练时相同，否则为 keep",
  "take the rows in the order of the file, each epoch": "每轮按文件中的顺序取行",
  'rows to score, in any shape; {"input_ids","labels"} needs no tokenizer':
    '要打分的数据，任意行格式；{"input_ids","labels"} 不需要分词器',
  "rows to learn, as for train": "要学习的数据行，与 train 相同",
  "F16, of ONNX fp32, of the web fp32 where it fits and else q4":
    "F16；ONNX 为 fp32；web 为 fp32，放不下时为 q4",
  "--resume goes on with a run and --overwrite replaces it: give one of them":
    "--resume 继续一次运行，而 --overwrite 替换它：请只给出一个",
  "expected either --prompt TEXT or --ids 1,2,3": "应给出 --prompt TEXT 或 --ids 1,2,3",
  "--system goes with --prompt in a chat template, not with --ids or --raw":
    "--system 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "--tools goes with --prompt in a chat template, not with --ids or --raw":
    "--tools 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "With a judge:": "使用评判模型时：",
  "none: nothing is sent": "无：不发送任何内容",
  "judge.jsonl in --output": "--output 中的 judge.jsonl",
  "--judge and --judge-model go together": "--judge 与 --judge-model 须同时给出",
  "whole, first-line, longest-label, field:NAME or pattern:REGEX":
    "whole、first-line、longest-label、field:NAME 或 pattern:REGEX",
  "keys and columns such as prompt=问题,completion=回答": "形如 prompt=问题,completion=回答 的键与列",
  "a number above 0, at most 1, or off": "大于 0 且不大于 1 的数字，或 off",
  "hours, minutes and seconds such as 30m, 1h30m or 90s": "30m、1h30m 或 90s 这样的时、分、秒",
  "0.1, and 2 for simpo": "0.1，simpo 为 2",
  "files of replies, one a system, rows with id, prompt and response: .jsonl, .csv, .tsv, .parquet":
    "回复文件，每个系统一个，每行含 id、prompt 和 response：.jsonl、.csv、.tsv、.parquet",
  "required for a new study": "新建研究时必填",
  "people who judge, each with a link": "标注者人数，每人一个链接",
  "folder of the study; one that is there goes on": "研究所在的文件夹；已有的研究会继续",
  "annotators that judge each row": "每行由几位标注者评价",
  "share of rows that come a second time, for the annotator's own consistency":
    "再次出现的行的比例，用于衡量标注者的自身一致性",
  "ratings known beforehand: rows with id, system, fluency, relevance, such as 4 or 4-5":
    "预先已知的评分：每行含 id、system、fluency、relevance，如 4 或 4-5",
  "seed of the order of rows and replies": "行与回复顺序的随机种子",
  "address to serve on; 0.0.0.0 lets other machines in": "监听的地址；0.0.0.0 允许其他机器访问",
  "port to serve on": "监听的端口",
  "that of the last time, else a free one": "上一次的端口，首次则取空闲端口",
  "show the results of the study in this folder instead": "改为显示此文件夹中研究的结果",
  "with --results: write all answers, .csv or .jsonl": "与 --results 同用：写出全部答案，.csv 或 .jsonl",
  "with --results: add answers of such a file first": "与 --results 同用：先加入这种文件中的答案",
  "folder of runs, or of one": "存放训练的文件夹，或单个训练的文件夹",
  "open the page in the browser of the system, from a terminal": "在终端中运行时，用系统浏览器打开页面",
  "print the link alone": "只打印链接",
  "LATHE_TENSORFLOW or TENSORFLOW_DIR, else what Python and the system have":
    "LATHE_TENSORFLOW 或 TENSORFLOW_DIR，否则取 Python 与系统中已有的",
  "folder that lathe prepare wrote with a model": "lathe prepare 在给出模型时写出的文件夹",
  "tokens of a shard at most, at eight bytes each": "每个分片最多的词元数，每个占八字节",
  "folder that lathe prepare wrote, or one with train.jsonl and test.jsonl":
    "lathe prepare 写出的文件夹，或含有 train.jsonl 与 test.jsonl 的文件夹",
  "files of rows that would be trained on as well": "还将用于训练的行文件",
  "files of other benchmarks, whose rows must not be trained on": "其他基准的文件，其中的行不得用于训练",
  "least likeness that is a leak (Jaccard, of character 5-grams)":
    "视为泄漏的最低相似度（字符五元组的 Jaccard 系数）",
  "folder of the C library or of an installed tensorflow Python package":
    "C 库的文件夹，或已安装的 tensorflow Python 包的文件夹",
  "compile again what has been compiled": "重新编译已编译的内容",
  "install this one alone": "只安装这一个",
  "ratings, one a row, with the columns unit, annotator, rating: .csv, .tsv, .jsonl, .parquet":
    "评分文件，每行一条，含 unit、annotator、rating 三列：.csv、.tsv、.jsonl、.parquet",
  "what is known of ratings: labels, an order, or differences as well":
    "评分的层次：只是标签、有顺序，或差值也有意义",
  "the verb train and its options": "train 命令及其选项",
  "machines and the ranks that each takes, such as a:2,b:1": "各机器及其进程数，例如 a:2,b:1",
  "this machine": "本机",
  "file of machines, a line each, such as: nodeA slots=2": "机器列表文件，每行一台，例如：nodeA slots=2",
  "processes that work as one": "共同工作的进程数",
  "as many as the machines take": "各机器可运行的总数",
  "what starts the ranks": "启动各进程的程序",
  "network that ranks talk over: an interface such as eth0, or a subnet such as 192.168.1.0/24":
    "进程间通信所用的网络：接口（例如 eth0）或子网（例如 192.168.1.0/24）",
  "what the library finds": "由库自行选择",
  "what starts a program on another machine": "在其他机器上启动程序的命令",
  "how often ranks are launched again that come to no newer checkpoint":
    "没有得到更新的检查点时最多重新启动几次",
  "go on with the run where it was begun before": "若训练此前已开始则继续",
  "model folder that must be the same on all machines": "各机器上应相同的模型文件夹",
  "file of rows that must be the same on all machines": "各机器上应相同的数据文件",
  "what the files are for": "文件的用途",
  "folder of the files": "存放文件的文件夹",
  "replace files that are there": "覆盖已有的文件",
  "for hosts: machines and the ranks that each takes, such as a:2,b:1":
    "用于 hosts：各机器及其进程数，例如 a:2,b:1",
  "name of the job": "作业名称",
  "processes that work as one, each on a machine of its own": "共同工作的进程数，各在一台机器上",
  "cores of a rank": "每个进程的核数",
  "memory of a rank": "每个进程的内存",
  "longest time of the job": "作业的最长时间",
  "starts after the first, at most": "首次之后最多再启动几次",
  "name of the image that the Dockerfile is built as": "由 Dockerfile 构建的镜像的名称",
  "room for model, rows and run": "存放模型、数据和训练结果的空间",
  "kind of storage that many machines can write to": "可由多台机器写入的存储类",
  "the cluster's own": "集群默认",
  hours: "小时",
  "Ranks:": "进程：",
  "Cluster:": "集群：",
  "Kubernetes:": "Kubernetes：",
};
