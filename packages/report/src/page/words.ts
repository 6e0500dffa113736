/** Languages of pages. */
export type ReportLanguage = "en" | "zh";

const en = {
  step: "step",
  steps: "steps",
  loss: "Loss",
  perStep: "each step",
  smoothed: "smoothed",
  validation: "validation",
  learningRate: "Learning rate",
  gradNorm: "Gradient norm",
  tokensPerSecond: "Tokens a second",
  memory: "Memory",
  resident: "process",
  tensors: "tensors",
  rewards: "Rewards",
  chosen: "chosen",
  rejected: "rejected",
  margin: "margin",
  accuracy: "Accuracy of preferences",
  lossScale: "Loss scale",
  spikes: "Leaps of the loss",
  badSteps: "Steps not applied",
  stalled: (first: string, last: string, norm: string, clipped: string, rate: string): string =>
    `The loss has not fallen since the run began: ${first} at first, ${last} at the end. Median gradient norm ${norm}, ${clipped} % of the steps clipped, learning rate up to ${rate}.`,
  lastLoss: "Loss at the end",
  bestValidation: "Best validation loss",
  perplexity: "Perplexity of validation",
  duration: "Time of steps",
  tokens: "Tokens",
  samples: "Replies over time",
  reference: "reference",
  atStep: (step: number): string => (step === 0 ? "before training" : `step ${step}`),
  settings: "Settings",
  passport: "Passport",
  courseOf: (first: string, last: string, low: string): string => `from ${first} to ${last}, lowest ${low}`,
  noSteps: "No step was taken.",
};

const zh: typeof en = {
  step: "步",
  steps: "步数",
  loss: "损失",
  perStep: "每一步",
  smoothed: "平滑",
  validation: "验证集",
  learningRate: "学习率",
  gradNorm: "梯度范数",
  tokensPerSecond: "每秒词元数",
  memory: "内存",
  resident: "进程",
  tensors: "张量",
  rewards: "奖励",
  chosen: "偏好回答",
  rejected: "非偏好回答",
  margin: "差值",
  accuracy: "偏好准确率",
  lossScale: "损失缩放",
  spikes: "损失突增",
  badSteps: "未生效的步",
  stalled: (first, last, norm, clipped, rate) =>
    `损失自训练开始后没有下降：开始时 ${first}，最后 ${last}。梯度范数中位数 ${norm}，${clipped} % 的步被裁剪，学习率最高 ${rate}。`,
  lastLoss: "最终损失",
  bestValidation: "最低验证损失",
  perplexity: "验证集困惑度",
  duration: "训练用时",
  tokens: "词元",
  samples: "回答随训练的变化",
  reference: "参考回答",
  atStep: (step) => (step === 0 ? "训练前" : `第 ${step} 步`),
  settings: "设置",
  passport: "运行档案",
  courseOf: (first, last, low) => `从 ${first} 到 ${last}，最低 ${low}`,
  noSteps: "没有执行任何一步。",
};

/** What pages say, by language. */
export const words: Readonly<Record<ReportLanguage, typeof en>> = { en, zh };

/** What pages say, in one language. */
export type Words = typeof en;
