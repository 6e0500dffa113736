import type { Translations } from "@lathe/files";

/** 命令自己的文字：各命令、选项与参数的错误。 */
export const commandPhrases: Translations = {
  "Have people judge replies, blind, on a page of this machine": "在本机的页面上由人盲评回复",
  "Serves a page on which people judge replies, blind, from 1 to 5, and say which they prefer: a secret link for each of them, one for who settles disagreements, one for the results. Each answer is on the disk before it is acknowledged. The same command goes on where it was ended, with the same links.":
    "提供一个页面，由人盲评回复（1 到 5 分），并选出更好的回复：每人一个私密链接，另有一个用于裁定分歧，一个用于查看结果。每个答案先落盘，再确认。再次运行同一命令即可用原来的链接继续。",
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
  "{0} goes with {1}": "{0} 需与 {1} 同用",
  "{0} shows a study that is there; {1} is for a new one": "{0} 显示已有的研究；{1} 用于新建研究",
  "port {0} of {1} is taken by another program; end it, or choose another port":
    "{1} 的端口 {0} 已被其他程序占用；请结束该程序或换一个端口",
  "cannot listen on port {0} of {1}: {2}": "无法监听 {1} 的端口 {0}：{2}",
  "Show runs as they go on, compare them and talk to their models, on a page of this machine":
    "在本机的页面上实时查看训练、比较训练，并与模型对话",
  "Serves a page that shows the runs below a folder: those under way live, several in one chart with the settings that differ, replies over time, reports, and a chat with the model before and after a run side by side. The link is for this machine and has a secret; the same command has the same link.":
    "提供一个页面，显示文件夹中的训练：实时显示进行中的训练，在一张图中比较多个训练并列出不同的设置，显示回答随训练的变化和各种报告，还可以与训练前后的模型并排对话。链接仅限本机，含有私密部分；再次运行同一命令会得到相同的链接。",
  "folder of runs, or of one": "存放训练的文件夹，或单个训练的文件夹",
  "open the page in the browser of the system, from a terminal": "在终端中运行时，用系统浏览器打开页面",
  "print the link alone": "只打印链接",
  "expected a name and a folder such as support=runs/first/adapter":
    "应为名称与文件夹，例如 support=runs/first/adapter",
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
  "LATHE_TENSORFLOW or TENSORFLOW_DIR, else what Python and the system have":
    "LATHE_TENSORFLOW 或 TENSORFLOW_DIR，否则取 Python 与系统中已有的",
  "Fine-tune language models on the machine you own.": "在自己的机器上微调语言模型。",
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
  "Download a model or a data set from a hub": "从模型库下载模型或数据集",
  "Show the models and data sets of hubs that are on this machine": "显示本机上来自模型库的模型和数据集",
  "Remove a model or a data set of a hub from this machine": "从本机删除来自模型库的模型或数据集",
  "owner/name, with @revision or without; hf-dataset: or modelscope: before it":
    "owner/name，可带 @版本；前面可加 hf-dataset: 或 modelscope:",
  "Downloads config, tokenizer, template and safetensors of a model, or the rows of a data set, into the cache that Python's tools share; what was cut goes on, and every file is held to its hash. HF_ENDPOINT names a mirror, HF_HUB_CACHE or HF_HOME another cache, HF_TOKEN a token; HTTPS_PROXY and NO_PROXY are followed. Verbs that take a model or rows take such a name too.":
    "将模型的配置、分词器、模板和 safetensors，或数据集的数据，下载到与 Python 工具共用的缓存；中断后可续传，每个文件都核对哈希值。HF_ENDPOINT 指定镜像，HF_HUB_CACHE 或 HF_HOME 指定缓存，HF_TOKEN 指定令牌；遵循 HTTPS_PROXY 与 NO_PROXY。需要模型或数据的命令也接受这样的名称。",
  "Shows the models and data sets of both hubs that are on this machine, whichever tool downloaded them. Nothing is asked of a hub.":
    "显示本机上两个模型库的模型和数据集，无论由哪个工具下载。不访问模型库。",
  "Removes a model or a data set of a hub from this machine, for Python's tools as well; with @revision that revision alone, and files that another one has stay.":
    "从本机删除来自模型库的模型或数据集，Python 工具也不再能用；带 @版本 时只删除该版本，其他版本共有的文件保留。",
  "expected the name of a repository, such as Qwen/Qwen3-0.6B, modelscope:Qwen/Qwen3-0.6B or hf-dataset:owner/name, got {0}":
    "应为仓库名称，如 Qwen/Qwen3-0.6B、modelscope:Qwen/Qwen3-0.6B 或 hf-dataset:owner/name，得到 {0}",
  "downloading {0} (MB)": "正在下载 {0}（MB）",
  "pushing {0} (files)": "正在发布 {0}（文件）",
  "--resume goes on with a run and --overwrite replaces it: give one of them":
    "--resume 继续一次运行，而 --overwrite 替换它：请只给出一个",
  "expected either --prompt TEXT or --ids 1,2,3": "应给出 --prompt TEXT 或 --ids 1,2,3",
  "--system goes with --prompt in a chat template, not with --ids or --raw":
    "--system 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "--tools goes with --prompt in a chat template, not with --ids or --raw":
    "--tools 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "files of replies to score: a text a line, or .jsonl; others are compared with the first":
    "要评分的回复文件：每行一段文本，或 .jsonl；其余文件与第一个比较",
  "metrics: {0}; rouge stands for rouge1, rouge2 and rougeL, llama-factory for its four":
    "指标：{0}；rouge 代表 rouge1、rouge2 和 rougeL，llama-factory 代表其四项",
  "labels of label-accuracy, macro-f1, micro-f1 and weighted-f1":
    "label-accuracy、macro-f1、micro-f1 与 weighted-f1 所用的标签",
  "With a judge:": "使用评判模型时：",
  "address of an OpenAI-compatible interface whose model judges the replies: it scores each, and prefers one of two, asked in both orders; the texts are sent there, with the key of LATHE_JUDGE_KEY":
    "OpenAI 兼容接口的地址，由其模型评判回复：给每条打分，并两两比较（两种次序都问）；文本会连同 LATHE_JUDGE_KEY 中的密钥发往该处",
  "none: nothing is sent": "无：不发送任何内容",
  "name of the judging model there": "该处评判模型的名称",
  "language of what the judge is told": "给评判模型的说明所用的语言",
  "questions that are open at one time": "同时进行的提问数",
  "until a question is asked again": "等待多久后重新提问",
  "length of an answer at most, with its reasoning": "每个回答的最大长度，含思考部分",
  "file that answers are appended to; those that it holds are not asked for again":
    "回答逐条追加到的文件；其中已有的不再询问",
  "judge.jsonl in --output": "--output 中的 judge.jsonl",
  "--judge and --judge-model go together": "--judge 与 --judge-model 须同时给出",
  "model folder that the metric embedding compares texts by": "指标 embedding 用来比较文本的模型文件夹",
  "where a reply's label stands: whole, first-line, longest-label, field:NAME of JSON, or pattern:REGEX":
    "标签在回复中的位置：whole（整段）、first-line（首行）、longest-label（所含的最长标签）、field:NAME（JSON 字段）或 pattern:REGEX（正则表达式）",
  "whole, first-line, longest-label, field:NAME or pattern:REGEX":
    "whole、first-line、longest-label、field:NAME 或 pattern:REGEX",
  "whether <think> blocks of replies and references are scored; the scores of the other rule are given beside":
    "回复与参考答案中的 <think> 部分是否参与评分；另一种规则的分数会一并给出",
  "times that the bootstrap draws the rows, for intervals of 95 %": "自助法重复抽样的次数，用于 95 % 区间",
  "Measure how far annotators agree": "计算标注者之间的一致性",
  "ratings, one a row, with the columns unit, annotator, rating: .csv, .tsv, .jsonl, .parquet":
    "评分文件，每行一条，含 unit、annotator、rating 三列：.csv、.tsv、.jsonl、.parquet",
  "what is known of ratings: labels, an order, or differences as well":
    "评分的层次：只是标签、有顺序，或差值也有意义",
  "Gives Krippendorff's alpha, Fleiss' kappa over the units that all rated, and Cohen's kappa averaged over pairs of annotators, unweighted for labels and with quadratic weights for numbers. A missing rating is an empty cell or no row.":
    "给出 Krippendorff α、所有人都评过的条目的 Fleiss κ，以及各对标注者 Cohen κ 的平均（标签不加权，数值用平方权重）。空单元格或没有对应的行表示缺失。",
  "keys and columns such as prompt=问题,completion=回答": "形如 prompt=问题,completion=回答 的键与列",
  "a number above 0, at most 1, or off": "大于 0 且不大于 1 的数字，或 off",
  "Find settings in a given time and train with the best": "在给定时间内找出合适的设置并用最好的训练",
  "Tries methods, targets, ranks, rates and batches in short trials on the rows themselves, goes on with the best of them, and trains with the best of all for the rest of the time. DIR/run is the run, DIR/auto.html and DIR/auto.json say why. A run that the time ends has a checkpoint and can be resumed with train --resume --output DIR/run.":
    "在数据本身上用短试验比较训练方法、目标、秩、学习率和批大小，逐轮保留较好的，余下的时间用最好的设置训练。DIR/run 是这次运行，DIR/auto.html 和 DIR/auto.json 说明原因。因时间用完而结束的运行留有检查点，可用 train --resume --output DIR/run 继续。",
  "rows to compare settings on; without it some of --data are set apart":
    "比较设置所用的数据行；不给出时从 --data 中留出一部分",
  "how long all of it may take, such as 30m or 1h30m": "全部过程可用的时间，例如 30m 或 1h30m",
  "hours, minutes and seconds such as 30m, 1h30m or 90s": "30m、1h30m 或 90s 这样的时、分、秒",
  "folder of the result": "结果的文件夹",
  "replace an earlier result in --output": "替换 --output 中以前的结果",
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
  "0.1, and 2 for simpo": "0.1，simpo 为 2",
  "margin that --objective simpo asks for": "--objective simpo 要求的差值",
  "rows that --objective kto pairs for its estimate of the divergence: those of the whole step, or of each micro-batch as other trainers do":
    "--objective kto 估计散度时配对的数据：整个步，或像其他训练器那样每个微批",
  "Say what a run takes, in memory and time, before it is begun": "在开始之前说明一次训练所需的内存和时间",
  "how fast the disk is, such as 3GB/s: says how long weights and checkpoints take":
    "磁盘速度，例如 3GB/s：据此给出读入权重与写检查点的时间",
  "graphics card to plan for, such as rtx3060-12gb, in place of --memory":
    "要规划的显卡，例如 rtx3060-12gb，代替 --memory",
  "Reads the rows and the headers of the weights, and says what a run takes for what, about how long a step lasts here, and what takes less; where memory does not hold the weights, what a step takes that reads them from the disk, layer by layer. A folder with config.json alone will do for a model, and no rows at all. Nothing is written. Exit code 1 when it does not fit.":
    "读取数据与权重文件头，说明各部分占用的内存、在本机上每步大致的时间，以及更省的办法；内存装不下权重时，说明逐层从磁盘读取权重的一步需要什么。模型文件夹只有 config.json 也可以，也可以没有数据。不写任何文件。放不下时退出码为 1。",
};
