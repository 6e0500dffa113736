import type { Messages } from "./messages.js";

/** 简体中文。 */
export const zh: Messages = {
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
  outputFault: (reason) => `无法写出结果：${reason}`,
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
