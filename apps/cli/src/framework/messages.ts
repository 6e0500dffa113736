import type { SetupStep } from "@lathe/tensor";

/** What the command says on the way, in one language. Errors are English everywhere, so that they can be searched for. */
export interface Messages {
  readonly engine: (name: string, precision: string, description: string) => string;
  readonly passedOver: (name: string, reason: string) => string;
  readonly loadingModel: string;
  readonly memoryPlan: (recomputed: number, layers: number, expected: string, budget: string) => string;
  readonly memoryShort: (expected: string, budget: string) => string;
  readonly warning: string;
  readonly timeLeft: (duration: string) => string;
  readonly reading: string;
  readonly writing: string;
  readonly rows: (used: number, total: number) => string;
  readonly rowsSetAside: (count: number, file: string) => string;
  readonly rowsCut: (count: number, maxTokens: number) => string;
  readonly rowsLong: (count: number, maxPositions: number) => string;
  readonly rowsUnscored: (count: number) => string;
  readonly training: string;
  readonly evaluating: string;
  readonly scoring: string;
  readonly generating: string;
  readonly merging: string;
  readonly quantising: string;
  readonly loss: string;
  readonly tokensPerSecond: (rate: string) => string;
  readonly resuming: (step: number) => string;
  readonly validation: (step: number, loss: string, perplexity: string) => string;
  readonly interrupting: string;
  readonly interrupted: (step: number, output: string) => string;
  readonly trained: (steps: number, duration: string) => string;
  readonly adapterAt: (folder: string) => string;
  readonly chatHelp: string;
  readonly chatReset: string;
  /** @param step one of those that the set-up of an engine reports @param subject what it is about */
  readonly setupStep: (step: SetupStep, subject: string) => string;
}

const en: Messages = {
  engine: (name, precision, description) => `engine ${name}, ${precision}: ${description}`,
  passedOver: (name, reason) =>
    `engine ${name} passed over: ${reason.replace(/\.?$/, ".")} lathe doctor says more.`,
  loadingModel: "loading",
  memoryPlan: (recomputed, layers, expected, budget) =>
    `memory: about ${expected} of ${budget}, ${recomputed} of ${layers} layers computed again`,
  memoryShort: (expected, budget) =>
    `about ${expected} are needed even with every layer computed again, and about ${budget} are free; the system may end the run or swap. A smaller --batch-size, shorter rows (--max-tokens) or packed weights (--quantize) take less.`,
  warning: "warning",
  timeLeft: (duration) => `${duration} left`,
  reading: "reading",
  writing: "writing",
  rows: (used, total) => `${used} of ${total} rows`,
  rowsSetAside: (count, file) =>
    `${count} ${count === 1 ? "row" : "rows"} set aside as unusable${file === "" ? "" : `, listed in ${file}`}`,
  rowsCut: (count, maxTokens) => `${count} ${count === 1 ? "row" : "rows"} cut to ${maxTokens} tokens`,
  rowsLong: (count, maxPositions) =>
    `${count} ${count === 1 ? "row is" : "rows are"} longer than the ${maxPositions} tokens that the model is meant to read`,
  rowsUnscored: (count) =>
    `${count} ${count === 1 ? "row" : "rows"} left out: no label to learn from, or none within the token limit`,
  training: "training",
  evaluating: "evaluating",
  scoring: "scoring",
  generating: "generating",
  merging: "merging",
  quantising: "quantising",
  loss: "loss",
  tokensPerSecond: (rate) => `${rate} tokens/s`,
  resuming: (step) => `resuming after step ${step}`,
  validation: (step, loss, perplexity) => `step ${step}: validation loss ${loss}, perplexity ${perplexity}`,
  interrupting: "interrupted: finishing up; once more ends at once",
  interrupted: (step, output) => `interrupted after step ${step}; continue with --resume --output ${output}`,
  trained: (steps, duration) => `${steps} steps in ${duration}`,
  adapterAt: (folder) => `adapter: ${folder}`,
  chatHelp: "/reset forgets the conversation, /exit ends it",
  chatReset: "forgotten",
  setupStep: (step, subject) =>
    ({
      library: `looking for TensorFlow${subject === "" ? "" : ` in ${subject}`}`,
      compile: `compiling the binding for TensorFlow ${subject}, some 15 s`,
      check: `computing with TensorFlow ${subject} on the CPU`,
      "check card": `computing on ${subject}`,
    })[step],
};

const zh: Messages = {
  engine: (name, precision, description) => `计算引擎 ${name}，${precision}：${description}`,
  passedOver: (name, reason) => `未使用引擎 ${name}：${reason.replace(/\.?$/, ".")} 详情见 lathe doctor。`,
  loadingModel: "加载模型",
  memoryPlan: (recomputed, layers, expected, budget) =>
    `内存：约 ${expected}，预算 ${budget}；${layers} 层中有 ${recomputed} 层重新计算`,
  memoryShort: (expected, budget) =>
    `即使每层都重新计算也约需 ${expected}，而可用内存约 ${budget}；系统可能终止运行或使用交换空间。可减小 --batch-size、缩短行长 (--max-tokens) 或压缩权重 (--quantize)。`,
  warning: "警告",
  timeLeft: (duration) => `剩余 ${duration}`,
  reading: "读取",
  writing: "写入",
  rows: (used, total) => `${total} 行中的 ${used} 行`,
  rowsSetAside: (count, file) => `${count} 行无法使用，已搁置${file === "" ? "" : `，见 ${file}`}`,
  rowsCut: (count, maxTokens) => `${count} 行被截断到 ${maxTokens} 个词元`,
  rowsLong: (count, maxPositions) => `${count} 行超过模型可读的 ${maxPositions} 个词元`,
  rowsUnscored: (count) => `${count} 行被略去：没有可学习的标签，或标签超出词元上限`,
  training: "训练",
  evaluating: "评估",
  scoring: "打分",
  generating: "生成",
  merging: "合并",
  quantising: "量化",
  loss: "损失",
  tokensPerSecond: (rate) => `${rate} 词元/秒`,
  resuming: (step) => `从第 ${step} 步之后继续`,
  validation: (step, loss, perplexity) => `第 ${step} 步：验证损失 ${loss}，困惑度 ${perplexity}`,
  interrupting: "已中断：正在收尾；再按一次立即结束",
  interrupted: (step, output) => `在第 ${step} 步之后中断；用 --resume --output ${output} 继续`,
  trained: (steps, duration) => `${steps} 步，用时 ${duration}`,
  adapterAt: (folder) => `适配器：${folder}`,
  chatHelp: "/reset 清空对话，/exit 结束",
  chatReset: "对话已清空",
  setupStep: (step, subject) =>
    ({
      library: `查找 TensorFlow${subject === "" ? "" : `：${subject}`}`,
      compile: `为 TensorFlow ${subject} 编译绑定，约 15 秒`,
      check: `在 CPU 上用 TensorFlow ${subject} 试算`,
      "check card": `在 ${subject} 上试算`,
    })[step],
};

/** Languages that messages come in. */
export const languages = ["en", "zh"] as const;

export type Language = (typeof languages)[number];

const tables: Readonly<Record<Language, Messages>> = { en, zh };

/** The messages of a language. */
export function messagesIn(language: Language): Messages {
  return tables[language];
}

/** The language of the system, by the variables that POSIX has for it; English where it is none of ours. */
export function systemLanguage(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
