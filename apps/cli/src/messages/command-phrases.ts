import type { Translations } from "@lathe/files";

/** 命令自己的文字：各命令、选项与参数的错误。 */
export const commandPhrases: Translations = {
  "Have people judge replies, blind, on a page of this machine": "在本机的页面上由人盲评回复",
  "Serves a page on which people judge replies, blind, from 1 to 5, and say which they prefer: a secret link for each of them, one for who settles disagreements, one for the results. Each answer is on the disk before it is acknowledged. The same command goes on where it was ended, with the same links.":
    "提供一个页面，由人盲评回复（1 到 5 分），并选出更好的回复：每人一个私密链接，另有一个用于裁定分歧，一个用于查看结果。每个答案先落盘，再确认。再次运行同一命令即可用原来的链接继续。",
  "{0} goes with {1}": "{0} 需与 {1} 同用",
  "{0} shows a study that is there; {1} is for a new one": "{0} 显示已有的研究；{1} 用于新建研究",
  "Show runs as they go on, compare them and talk to their models, on a page of this machine":
    "在本机的页面上实时查看训练、比较训练，并与模型对话",
  "Serves a page that shows the runs below a folder: those under way live, several in one chart with the settings that differ, replies over time, reports, and a chat with the model before and after a run side by side. The link is for this machine and has a secret; the same command has the same link.":
    "提供一个页面，显示文件夹中的训练：实时显示进行中的训练，在一张图中比较多个训练并列出不同的设置，显示回答随训练的变化和各种报告，还可以与训练前后的模型并排对话。链接仅限本机，含有私密部分；再次运行同一命令会得到相同的链接。",
  "expected a name and a folder such as support=runs/first/adapter":
    "应为名称与文件夹，例如 support=runs/first/adapter",
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
  "Continue a prompt": "续写提示",
  "Talk with a model": "与模型对话",
  "Serve a model and its adapters behind OpenAI's HTTP interface": "以 OpenAI 的 HTTP 接口提供模型及其适配器",
  "Runs until it is interrupted: replies under way end, new requests are refused. Routes: /v1/chat/completions, /v1/completions, /v1/models, /health, /metrics.":
    "运行到被中断为止：进行中的回复会结束，新请求被拒绝。路由：/v1/chat/completions、/v1/completions、/v1/models、/health、/metrics。",
  LATHE_API_KEY: "LATHE_API_KEY",
  "Merge an adapter into its base model": "将适配器合并到基础模型",
  "Write a model folder with packed weights": "写出权重经过压缩的模型文件夹",
  "Make TensorFlow on this machine ready as an engine, with an NVIDIA card or without":
    "将本机的 TensorFlow 配置为计算引擎，有无 NVIDIA 显卡均可",
  "Show what this machine offers, and check a model folder": "显示本机的能力，并检查模型文件夹",
  "Writes train.jsonl, validation.jsonl, test.jsonl, rejected.jsonl and manifest.json; with --model also .arrow files of tokens. The folder appears once it is whole; --resume goes on with a run that was interrupted, to the same bytes.":
    "写出 train.jsonl、validation.jsonl、test.jsonl、rejected.jsonl 和 manifest.json；给出 --model 时另写 .arrow 词元文件。文件夹在完整之后才出现；--resume 接着被中断的运行继续，结果逐字节相同。",
  "RUN/adapter is a PEFT folder, or RUN/model a model folder; RUN/metrics.jsonl has a line for every optimiser step. Ctrl-C writes a checkpoint; --resume goes on from it, to the same bits. Started by dist run or mpirun, all ranks share the micro-batches of a step, and the first one writes the run; with several of them only --deterministic gives the same bits.":
    "RUN/adapter 是 PEFT 文件夹，或 RUN/model 是模型文件夹；RUN/metrics.jsonl 每个优化器步一行。Ctrl-C 会写出检查点；--resume 从检查点继续，结果逐位相同。由 dist run 或 mpirun 启动时，所有进程分担每一步的微批次，由第一个进程写出结果；有多个进程时，只有加上 --deterministic 结果才逐位相同。",
  "The loss is the mean over all labels, in nats. Of pairs and dialogues the replies are scored, of token rows what their labels say; -100 is not.":
    "损失是所有标签的平均值，单位为奈特。问答与对话只计回复，词元行按其标签；-100 不计。",
  "Scores files of replies, or has a model reply to rows first, without and with adapters: it then also measures the perplexity of the references, and compares.":
    "对回复文件评分，或先让模型（不带和带适配器）回复数据行：此时还会计算参考答案的困惑度，并作比较。",
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
  "Compares the rows of the test split with those of train and validation, and those of validation with train, by the sets of their character 5-grams. Ends with code 1 where it finds a pair, and where a file is not what prepare wrote, by the hashes of the manifest. Rows of benchmarks are compared by their questions as well.":
    "按字符五元组集合，将测试集的行与训练集、验证集比较，并将验证集的行与训练集比较。发现相近的行对，或某文件按清单中的哈希已不是 prepare 所写时，以代码 1 结束。基准的行还按问题比较。",
  "Show that no row scored on has a near copy among the rows learnt from":
    "检查评测所用的行在训练所用的行中没有近似副本",
  "Write a page that shows what a model is trained on": "写出展示训练数据内容的页面",
  "Writes one page that needs nothing beside it: rows by rule with examples, lengths, languages, personal data, splits, frequent words, topics; with --model or --run also sampled rows token by token, coloured by who speaks, by what is learnt and by loss.":
    "写出一个独立的页面：各规则涉及的行与示例、长度、语言、个人信息、划分、常见词、主题；给出 --model 或 --run 时另有抽样行的逐词元展示，按说话者、是否学习与损失着色。",
  "Write prepared tokens as Python's datasets library reads them":
    "按 Python 的 datasets 库所读的格式写出准备好的词元",
  "Writes the token files of a prepared folder as Hugging Face datasets saves them: in Python, datasets.load_from_disk(DIR) maps them into memory. Nothing is overwritten.":
    "按 Python 的 datasets 库的保存格式写出准备好的文件夹中的词元文件，可用 datasets.load_from_disk(DIR) 映射到内存。不会覆盖任何内容。",
  "Show a row token by token, and what of it is learnt": "逐个词元显示一行，以及其中学习的部分",
  "Shows a row as a model is trained on it: what the chat template writes, the replies, and every token. What is learnt is green on a terminal and in brackets elsewhere.":
    "显示模型训练时所见的一行：对话模板所写的内容、回复以及每个词元。学习的部分在终端上为绿色，在别处用方括号标出。",
  "Show that a run can be killed at any moment and goes on to the same bits":
    "证明训练在任意时刻被强制结束后都能恢复，且结果逐位相同",
  "Trains the first steps of a run without a stop, and again in processes that are killed at random moments and resumed, and compares weights, moments and metrics bit by bit. All in temporary folders.":
    "先不间断地训练开头几步，再在随机时刻被强制结束并恢复的进程中训练同样的步，然后逐位比较权重、优化器状态和指标。全部写在临时文件夹中。",
  "Write a model folder with weights set to zero": "写出部分权重置零的模型文件夹",
  "The linears of the layers get zeros; types, all other weights and the embedding stay.":
    "各层的线性层中置零；类型、其他权重与嵌入不变。",
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
  "gguf, ollama, onnx and web hold the model, with an adapter merged into it where one is given; web is a folder with a page that runs it in browsers; merged is a model folder; peft, gguf-lora and mlx hold the adapter alone. What answers otherwise than the model in the program that reads it is not kept: exit code 1, and a report beside its place. Nothing is overwritten.":
    "gguf、ollama、onnx 和 web 包含模型，指定适配器时将其合并；web 是带网页、在浏览器中运行模型的文件夹；merged 是模型文件夹；peft、gguf-lora 和 mlx 只含适配器。在读取它的程序中，回答若与模型不同则不予保留：退出码为 1，并在其位置旁留下报告。不覆盖任何内容。",
  "Install the programs that exports are proven in": "安装用来验证导出结果的程序",
  "npm fetches node-llama-cpp, in which GGUF is proven, and transformers.js, in which ONNX is, into a cache folder of the user, or that of LATHE_GATE. No script of theirs runs, and no project grows by them.":
    "npm 把用来验证 GGUF 的 node-llama-cpp 和用来验证 ONNX 的 transformers.js 下载到用户的缓存文件夹或 LATHE_GATE 所指的文件夹。不运行其中任何脚本，也不增大任何项目。",
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
  "Measure how far annotators agree": "计算标注者之间的一致性",
  "Gives Krippendorff's alpha, Fleiss' kappa over the units that all rated, and Cohen's kappa averaged over pairs of annotators, unweighted for labels and with quadratic weights for numbers. A missing rating is an empty cell or no row.":
    "给出 Krippendorff α、所有人都评过的条目的 Fleiss κ，以及各对标注者 Cohen κ 的平均（标签不加权，数值用平方权重）。空单元格或没有对应的行表示缺失。",
  "Find settings in a given time and train with the best": "在给定时间内找出合适的设置并用最好的训练",
  "Tries methods, targets, ranks, rates and batches in short trials on the rows themselves, goes on with the best of them, and trains with the best of all for the rest of the time. DIR/run is the run, DIR/auto.html and DIR/auto.json say why. A run that the time ends has a checkpoint and can be resumed with train --resume --output DIR/run.":
    "在数据本身上用短试验比较训练方法、目标、秩、学习率和批大小，逐轮保留较好的，余下的时间用最好的设置训练。DIR/run 是这次运行，DIR/auto.html 和 DIR/auto.json 说明原因。因时间用完而结束的运行留有检查点，可用 train --resume --output DIR/run 继续。",
  "Train again from a run's report and compare the bits": "按运行报告重新训练并逐位比较",
  "Trains again with the settings, rows and model of the report, and compares the bits of what is written. What differs is listed, what went in first. Exit code 1 when the result differs.":
    "用报告中的设置、数据与模型重新训练，并逐位比较产出。不同之处会列出，输入在前。结果不同时退出码为 1。",
  "Say what a run takes, in memory and time, before it is begun": "在开始之前说明一次训练所需的内存和时间",
  "Reads the rows and the headers of the weights, and says what a run takes for what, about how long a step lasts here, and what takes less; where memory does not hold the weights, what a step takes that reads them from the disk, layer by layer. A folder with config.json alone will do for a model, and no rows at all. Nothing is written. Exit code 1 when it does not fit.":
    "读取数据与权重文件头，说明各部分占用的内存、在本机上每步大致的时间，以及更省的办法；内存装不下权重时，说明逐层从磁盘读取权重的一步需要什么。模型文件夹只有 config.json 也可以，也可以没有数据。不写任何文件。放不下时退出码为 1。",
  "Train on several processes or machines as one, and go on where one fails":
    "用多个进程或多台机器共同训练，出错后继续",
  "Starts the ranks of a run, on this machine or on several that ssh reaches without a password, with the same paths and versions on all. Where a rank or its machine ends, the others end with it within seconds, and the run goes on from its newest checkpoint, without machines that no longer answer. The run is done when its first rank has written RUN/DONE. Ctrl-C lets all ranks write a checkpoint.":
    "启动一次训练的各个进程：在本机，或在 ssh 无需密码即可到达的多台机器上，各机器的路径和版本须相同。有进程或机器出错时，其余进程会在几秒内结束，训练从最新的检查点继续，不再使用没有应答的机器。第一个进程写出 RUN/DONE 即表示训练完成。按 Ctrl-C 会让所有进程写检查点。",
  "{0}: expected the verb train after --, got {1}": "{0}：-- 之后应为 train 命令，实际为 {1}",
  "Lead rounds of training on rows that never leave their owners": "主持数据不出各方的联邦训练",
  "Take part in such rounds with rows of one's own": "以自己的数据参与联邦训练",
  "Play such rounds on one machine, with unlike and hostile clients":
    "在一台机器上模拟联邦训练，包括数据各异的与恶意的参与方",
  "Say what noise promises about each owner, as epsilon for a delta":
    "以 epsilon 与 delta 说明噪声对每一方的保证",
  "Leaves the adapter that a round begins with in the mailbox, waits for the clients' adapters, makes one of them and goes on with it. The rows stay with the clients. What is malformed is refused by its name; a round ends without those that are lost. Ctrl-C ends it; the same command goes on.":
    "把每轮开始的适配器放入信箱，等待各方的适配器，合成一个后继续。数据行留在各方。格式不符的更新会按其原因拒绝；失联的一方不会拖住一轮。Ctrl-C 结束；用同一命令继续。",
  "Waits for the federation in the mailbox, learns from rows of its own in every round, and leaves the adapter there: never a row, a text or a loss. A run that was killed goes on from its newest checkpoint with the same command. The adapter after the last round comes into OUTPUT/adapter.":
    "等待信箱中的联邦训练，每轮从自己的数据行学习，只把适配器放入信箱：绝不放入数据行、文本或损失。被杀的训练用同一命令从最新检查点继续。最后一轮之后的适配器写入 OUTPUT/adapter。",
  "Deals rows to clients, alike or not, and plays the rounds through a mailbox as real ones go, with hostile clients where they are asked for. Noise and samples come from the seed here, so that a simulation's budget protects nobody.":
    "把数据行分配给相同或各异的参与方，并像真实情形一样通过信箱进行各轮，可加入恶意方。此处的噪声与抽样由种子决定，因此模拟的预算不保护任何人。",
  "Finds the epsilon that rounds of clipped and noisy updates come to for a delta, by Rényi divergences of the subsampled Gaussian mechanism, or the least noise that keeps an epsilon. It holds for whole clients, against everyone who sees the adapters of all rounds.":
    "由抽样高斯机制的 Rényi 散度，求多轮裁剪并加噪的更新在给定 delta 下的 epsilon，或保持某一 epsilon 所需的最小噪声。它针对整个参与方成立，面对能看到所有轮次适配器的人。",
  "{0} goes on with a run and {1} of train replaces it: give one of them":
    "{0} 会继续已有的训练，而 train 的 {1} 会覆盖它：只能给出其中一个",
  "Look at what a run on several processes or machines needs": "检查多进程或多台机器训练所需的条件",
  "Looks at what a run on several machines needs, and launches ranks that come together, tell of themselves and add up 10 MB: the launcher and the library of its make, hosts that answer and are different ones, versions and files that are the same on all ranks, and how long a step waits for the network. Exit code 1 where something does not hold.":
    "检查多台机器训练所需的条件，并启动一组进程，让它们会合、各自说明情况并对 10 MB 求和：启动器与同类的库、主机有应答且各不相同、各进程的版本和文件一致，以及每步要等网络多久。有不符合之处时退出码为 1。",
  "Write what Slurm, Kubernetes or a list of machines needs for a run":
    "写出 Slurm、Kubernetes 或机器列表所需的文件",
  "Writes what other launchers need: hosts, a file of machines for dist run; slurm, a batch script that goes on after its time has run out; k8s, a Dockerfile, a claim of storage and a job for Kubeflow's MPI operator. Files that are there stay unless --overwrite.":
    "写出各种启动方式所需的文件：hosts，供 dist run 使用的机器列表；slurm，时间用完后能继续的批处理脚本；k8s，Dockerfile、存储声明和 Kubeflow MPI operator 的作业。已有的文件除非 --overwrite 否则保留。",
  "{0}: expected machines such as a:2,b:1, got nothing": "{0}：应为机器列表，例如 a:2,b:1，实际没有",
  "{0} of train: a job that starts again would replace what it has trained; leave it out":
    "train 的 {0}：作业重新启动时会覆盖已训练的结果；请去掉它",
  warning: "警告",
  "interrupted: finishing up; once more ends at once": "已中断：正在收尾；再按一次立即结束",
  "the output could not be written: {0}": "无法写出结果：{0}",
  "{0} left": "剩余 {0}",
  "engine {0} passed over: {1} {2} doctor says more.": "未使用引擎 {0}：{1} 详情见 {2} doctor。",
  "engine {0}, {1}: {2}": "计算引擎 {0}，{1}：{2}",
  "{0} of {1} rows": "{1} 行中的 {0} 行",
  "{0}: {1} of {2} tensors changed, {3}": "{0}：{2} 个张量中改动了 {1} 个，{3}",
  "{0}: {1} of {2} tensors packed as {3}, {4} → {5}": "{0}：{2} 个张量中有 {1} 个压缩为 {3}，{4} → {5}",
  "{0}: {1} of the weights of {2} linears are zero": "{0}：{2} 个线性层的权重中有 {1} 为零",
  "{0}: a model of {1} tensors": "{0}：含 {1} 个张量的模型",
  "{0}: an adapter on {1} linears": "{0}：作用于 {1} 个线性层的适配器",
  "{0} tensor": "{0} 个张量",
  "{0} tensors": "{0} 个张量",
  "{0}: {1}, {2}": "{0}：{1}，{2}",
  "round {0}: {1} updates here, {2} on the way, {3} refused":
    "第 {0} 轮：已到 {1} 个更新，{2} 个在途，{3} 个被拒绝",
  "came when their round was over: {0}": "所属轮次结束后才到：{0}",
  "waiting for rounds in {0}": "等待 {0} 中的轮次",
  "round {0}: learnt from {1} rows, loss {2}": "第 {0} 轮：从 {1} 行学习，损失 {2}",
  "round {0} was over by then: what was learnt is not taken": "第 {0} 轮此时已结束：所学不被采用",
  "{0}/v1 answers as {1}; Ctrl-C stops it": "{0}/v1 以 {1} 之名应答；Ctrl-C 停止",
  "{0} request answered": "已应答 {0} 个请求",
  "{0} requests answered": "已应答 {0} 个请求",
  "cut after {0} tokens ({1})": "已在 {0} 个词元处截断（{1}）",
  "/reset forgets the conversation, /exit ends it": "/reset 清空对话，/exit 结束",
  forgotten: "对话已清空",
  split: "划分",
  shards: "分片",
  "page of the data: {0}": "数据页面：{0}",
  "no models or data sets of hubs are on this machine": "本机没有来自模型库的模型或数据集",
  repository: "仓库",
  size: "大小",
  revisions: "版本",
  "{0} removed, {1} freed": "已删除 {0}，释放 {1}",
  "{0} files, {1}, of which {2} were downloaded now": "{0} 个文件，共 {1}，其中本次下载 {2}",
  "this would go to {0}, for all to see:": "将发送到 {0}（公开可见）：",
  "this would go to {0}, private if it is new:": "将发送到 {0}（新仓库为私有）：",
  "{0} (private)": "{0}（私有）",
  "{0} (public)": "{0}（公开）",
  "shows the runs in {0}; Ctrl-C ends, and the same command has the same link":
    "显示 {0} 中的训练；按 Ctrl-C 结束，再次运行同一命令会得到相同的链接",
  "answers go to {0}; Ctrl-C ends, and the same command goes on with the same links":
    "答案写入 {0}；按 Ctrl-C 结束，再次运行同一命令即可用原来的链接继续",
  "{0} answers added, {1} known before, {2} left out because another one stands":
    "新增 {0} 个答案，{1} 个先前已有，{2} 个因已有不同的答案而未采用",
  "{0} answer in {1}": "{1} 中有 {0} 个答案",
  "{0} answers in {1}": "{1} 中有 {0} 个答案",
  "to settle disagreements": "裁定分歧",
  "to see the results": "查看结果",
  "replies and reports are in {0}: report.html, report.md, report.json":
    "回复与报告位于 {0}：report.html、report.md、report.json",
  "looking for TensorFlow": "查找 TensorFlow",
  "looking for TensorFlow in {0}": "查找 TensorFlow：{0}",
  "fetching {0} from the npm registry": "从 npm 仓库获取 {0}",
  "compiling the binding for TensorFlow {0}, some 15 s": "为 TensorFlow {0} 编译绑定，约 15 秒",
  "computing with TensorFlow {0} on the CPU": "在 CPU 上用 TensorFlow {0} 试算",
  "computing on {0}": "在 {0} 上试算",
  "all types and operations work": "所有类型和运算均可用",
  "these do not work: {0}": "以下不可用：{0}",
  "TensorFlow {0} ({1}) in {2}": "TensorFlow {0}（{1}），位于 {2}",
  "binding  {0}": "绑定  {0}",
  "binding  {0} (compiled before)": "绑定  {0}（此前已编译）",
  "tensorflow  ready: {0}": "tensorflow  就绪：{0}",
  "cuda  ready: {0}, compute capability {1}, {2}; {3}": "cuda  就绪：{0}，计算能力 {1}，{2}；{3}",
  "cuda  no: {0}": "cuda  否：{0}",
  "{0}  ready: {1}": "{0}  就绪：{1}",
};
