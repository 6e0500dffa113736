// What the quick start says, in the language of the terminal.

const english = {
  title: "Lathe teaches a small Chinese model to answer like a customer-service agent.",
  prepare: "Clean the dialogues and split them 7:1:2",
  train: "Train a LoRA adapter",
  meanwhile: "and score the base model meanwhile",
  evaluate: "Score the tuned model on the test split",
  split: (splits, rejected) =>
    `${splits.train} rows to train, ${splits.validation} to validate, ${splits.test} to test; ${rejected} set aside`,
  scores: "On the test split",
  columns: ["", "base", "tuned"],
  perplexity: "perplexity (lower is better)",
  bleu: "BLEU-4 by character",
  dialogues: "Three questions from the test split",
  question: "question",
  base: "base",
  tuned: "tuned",
  agent: "agent",
  files: "Files",
  adapter: "adapter, in PEFT's format",
  metrics: "loss of every step",
  report: "this report as a page",
  predictions: "all replies",
  next: "What to run next",
  talk: "talk to it",
  longer: "train longer",
  merge: "merge it into the base model",
  own: "use your own rows",
  took: (seconds) => `Done in ${seconds} s.`,
  lossTitle: "Training loss, nats a token",
  failed: (name, code) => `${name} ended with ${code}.`,
  seeLog: (path) => `What it said is in ${path}.`,
  help: `Usage: npm start [-- OPTIONS]

Installs and builds what is missing, then fine-tunes a small Chinese model on real dialogues of customer service, in a few
minutes: cleans and splits the rows, trains a LoRA adapter, scores the model with and without it and shows replies of both.

Options:
  --output DIR   folder for rows, run and report (default: runs/customer-service)
  --help         show this help

All other options are those of training, such as --engine wasm, --max-steps 176, --epochs 6 and --learning-rate 1e-4;
node apps/cli/dist/main.js train --help lists them.`,
  strayWord: (word) =>
    `unexpected argument ${word}: npm start takes options alone; npm start -- --help tells which`,
  unknownFlag: (flag) => `unknown option ${flag}; npm start -- --help tells which there are`,
  ownFlag: (flag) => `${flag} is chosen by the quick start; node apps/cli/dist/main.js train takes it`,
  noValue: (flag) => `${flag} needs a value`,
  noResult: (name) =>
    `${name} ended well and wrote no JSON as its last line; build again with npm run build.`,
};

const chinese = {
  title: "Lathe 教一个中文小模型像客服一样回答。",
  prepare: "清洗对话，按 7:1:2 划分",
  train: "训练 LoRA 适配器",
  meanwhile: "同时给基座模型打分",
  evaluate: "在测试集上给微调后的模型打分",
  split: (splits, rejected) =>
    `训练 ${splits.train} 行，验证 ${splits.validation} 行，测试 ${splits.test} 行；剔除 ${rejected} 行`,
  scores: "测试集得分",
  columns: ["", "基座", "微调后"],
  perplexity: "困惑度（越低越好）",
  bleu: "BLEU-4（按字）",
  dialogues: "测试集中的三个问题",
  question: "问题",
  base: "基座",
  tuned: "微调后",
  agent: "客服",
  files: "文件",
  adapter: "适配器（PEFT 格式）",
  metrics: "每一步的损失",
  report: "本报告的网页",
  predictions: "全部回复",
  next: "接下来可以运行",
  talk: "和它对话",
  longer: "训练更久",
  merge: "合并进基座模型",
  own: "用你自己的数据",
  took: (seconds) => `用时 ${seconds} 秒。`,
  lossTitle: "训练损失（nat/词元）",
  failed: (name, code) => `${name} 以 ${code} 结束。`,
  seeLog: (path) => `详情见 ${path}。`,
  help: `用法：npm start [-- 选项]

先安装并构建所缺的部分，再用真实的客服对话微调一个中文小模型，只需几分钟：清洗并划分数据，训练 LoRA 适配器，
为微调前后的模型打分，并列出两者的回复。

选项：
  --output DIR   数据、训练与报告的文件夹（默认：runs/customer-service）
  --help         显示此帮助

其余选项都是训练的选项，例如 --engine wasm、--max-steps 176、--epochs 6 和 --learning-rate 1e-4；
完整列表见 node apps/cli/dist/main.js train --help。`,
  strayWord: (word) => `多余的参数 ${word}：npm start 只接受选项，见 npm start -- --help`,
  unknownFlag: (flag) => `未知选项 ${flag}；可用的选项见 npm start -- --help`,
  ownFlag: (flag) => `${flag} 由快速上手自行选定；需要时请用 node apps/cli/dist/main.js train`,
  noValue: (flag) => `${flag} 需要一个值`,
  noResult: (name) => `${name} 正常结束，但最后一行不是 JSON；请用 npm run build 重新构建。`,
};

const locale = process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || "";

/** Messages of the terminal's language, and its code. */
export const language = locale.toLowerCase().startsWith("zh") ? "zh" : "en";
export const messages = language === "zh" ? chinese : english;
