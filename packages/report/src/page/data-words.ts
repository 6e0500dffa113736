import type { ReportLanguage } from "./words.js";

const en = {
  read: "Rows read",
  kept: "Rows kept",
  rejected: "Rows set aside",
  clusters: "Clusters of near copies",
  train: "Train",
  validation: "Validation",
  test: "Test",
  splits: "Splits",
  rules: "Rows by rule",
  noRules: "No rule changed or set aside a row.",
  before: "before",
  after: "after",
  reason: "reason",
  characters: "Characters of a row",
  tokens: "Tokens of a row",
  languages: "Languages, by script",
  other: "none of these",
  personalData: "Personal data found",
  noPersonalData: "None was found, or none was looked for.",
  nGrams: "Runs of words that many rows hold",
  topics: "Topics",
  ofRows: (rows: string): string => `Of ${rows} rows, drawn at random.`,
  meanAndLongest: (mean: string, longest: string): string => `mean ${mean}, longest ${longest}`,
  microscope: "Token microscope",
  microscopeLead:
    "Rows of the train split, token by token. Tokens with a line below are learnt; the others are only read.",
  roles: {
    system: "system",
    user: "user",
    assistant: "assistant",
    tool: "tool",
    template: "template",
    text: "text",
  },
  learnt: "learnt",
  losses: "Loss of each token that is learnt",
  lossBefore: (loss: string): string => `before training: ${loss} a token`,
  lossAfter: (loss: string): string => `after training: ${loss} a token`,
  scale: (most: string): string => `From 0, without colour, to ${most} nats and more.`,
  tokenTitle: (id: number, before: string | null, after: string | null): string =>
    [`token ${id}`, before && `loss ${before}`, after && `then ${after}`].filter(Boolean).join(", "),
  counted: (all: number, learnt: number): string => `${all} tokens, ${learnt} learnt`,
};

const zh: typeof en = {
  read: "读取行数",
  kept: "保留行数",
  rejected: "搁置行数",
  clusters: "近似重复的簇",
  train: "训练集",
  validation: "验证集",
  test: "测试集",
  splits: "划分",
  rules: "各规则涉及的行",
  noRules: "没有规则改动或搁置任何行。",
  before: "之前",
  after: "之后",
  reason: "原因",
  characters: "每行字符数",
  tokens: "每行词元数",
  languages: "语言（按文字）",
  other: "其他",
  personalData: "找到的个人信息",
  noPersonalData: "没有找到，或没有查找。",
  nGrams: "许多行共有的连续词",
  topics: "主题",
  ofRows: (rows) => `取自随机抽取的 ${rows} 行。`,
  meanAndLongest: (mean, longest) => `平均 ${mean}，最长 ${longest}`,
  microscope: "词元显微镜",
  microscopeLead: "训练集的行，逐个词元。带下划线的词元参与学习，其余只供阅读。",
  roles: { system: "系统", user: "用户", assistant: "助手", tool: "工具", template: "模板", text: "文本" },
  learnt: "参与学习",
  losses: "每个参与学习的词元的损失",
  lossBefore: (loss) => `训练前：每词元 ${loss}`,
  lossAfter: (loss) => `训练后：每词元 ${loss}`,
  scale: (most) => `从 0（无色）到 ${most} 奈特及以上。`,
  tokenTitle: (id, before, after) =>
    [`词元 ${id}`, before && `损失 ${before}`, after && `训练后 ${after}`].filter(Boolean).join("，"),
  counted: (all, learnt) => `${all} 个词元，${learnt} 个参与学习`,
};

/** What the page of data says, by language. */
export const dataWords: Readonly<Record<ReportLanguage, typeof en>> = { en, zh };

/** What the page of data says, in one language. */
export type DataWords = typeof en;
