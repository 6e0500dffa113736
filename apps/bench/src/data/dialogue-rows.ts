import { threefry2x32 } from "@lathe/kernels";

/** A generated dialogue, as a support log has it. */
export interface DialogueRow {
  readonly messages: readonly { readonly role: "user" | "assistant"; readonly content: string }[];
}

/** One row in five is a near copy of an earlier one. */
const COPY_EVERY = 5;
/** Edits of a near copy, each of one character, of the hundred and more that a row has. */
const MOST_EDITS = 2;

const WORDS = (
  "订单 退款 发票 快递 物流 客服 会员 积分 优惠券 密码 账号 手机 验证码 地址 仓库 商品 尺码 颜色 颜料 电池 屏幕 保修 维修 " +
  "安装 师傅 上门 预约 时间 今天 明天 昨天 上午 下午 晚上 周末 工作日 已经 还没有 收到 发出 签收 取消 修改 申请 审核 通过 " +
  "失败 重新 提交 联系 电话 邮箱 短信 通知 您好 请问 麻烦 谢谢 不客气 稍等 马上 处理 核实 确认 查询 系统 显示 异常 正常 " +
  "酒店 房间 早餐 入住 退房 押金 机票 改签 航班 延误 行李 托运 座位 门票 景点 开放 关闭 排队 停车 地铁 公交 打车 路线 " +
  "银行 信用卡 还款 利息 额度 账单 分期 转账 到账 余额 流水 合同 条款 费用 价格 便宜 贵 折扣 活动 赠品 库存 缺货 补货 " +
  "为什么 怎么 哪里 什么时候 多少 可以 不能 需要 帮我 我们 你们 他们 这个 那个 因为 所以 但是 如果 然后 或者 而且 " +
  "order refund delivery account password reset please invoice number tracking late broken screen battery size colour " +
  "hotel booking cancel change flight seat card payment failed twice charged support team reply tomorrow thanks hello"
).split(" ");
const ENDS = ["。", "？", "！", "，谢谢。", "……"];

/**
 * Generates dialogues of two to six turns in Chinese and English, some with telephone numbers and e-mail addresses that are made up.
 * A row follows from the seed and its number alone, so that any part is made again without those before it.
 *
 * @param count rows
 * @param seed a whole number from 0
 */
export function* dialogueRows(count: number, seed: number): Generator<DialogueRow, void, undefined> {
  for (let row = 0; row < count; row++) {
    const isCopy = row % COPY_EVERY === COPY_EVERY - 1;
    if (!isCopy) {
      yield freshRow(row, seed);
      continue;
    }
    const random = new RowRandom(seed, row);
    const original = random.below(row);
    yield edited(freshRow(original - (original % COPY_EVERY === COPY_EVERY - 1 ? 1 : 0), seed), random);
  }
}

/** The random numbers of a row. */
class RowRandom {
  #drawn = 0;

  constructor(
    readonly seed: number,
    readonly row: number,
  ) {}

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    return threefry2x32([this.seed, this.row], [this.#drawn++, 0])[0] % limit;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }
}

function freshRow(row: number, seed: number): DialogueRow {
  const random = new RowRandom(seed, row);
  const turns = 1 + random.below(3);
  return {
    messages: Array.from({ length: 2 * turns }, (_, turn) =>
      turn % 2 === 0
        ? { role: "user", content: sentence(random, 6 + random.below(10)) + contact(random) }
        : { role: "assistant", content: sentence(random, 8 + random.below(16)) },
    ),
  };
}

function sentence(random: RowRandom, words: number): string {
  let text = "";
  for (let word = 0; word < words; word++) {
    const next = random.pick(WORDS);
    // English words stand apart from each other.
    if (/[a-z]$/.test(text) && /^[a-z]/.test(next)) text += " ";
    text += next;
    if (word % 7 === 6 && word < words - 1) text += "，";
  }
  return text + random.pick(ENDS);
}

/** Nothing as a rule, else something that must not reach the weights. */
function contact(random: RowRandom): string {
  const kind = random.below(12);
  if (kind === 0) return `我的电话是138${String(random.below(100_000_000)).padStart(8, "0")}。`;
  if (kind === 1) return `邮箱 user${random.below(1_000_000)}@example.com。`;
  return kind === 2 ? `订单号 ${random.below(1_000_000_000)}。` : "";
}

function edited({ messages }: DialogueRow, random: RowRandom): DialogueRow {
  const changed = [...messages];
  const edits = random.below(MOST_EDITS + 1);
  for (let edit = 0; edit < edits; edit++) {
    const at = random.below(changed.length);
    const { role, content } = changed[at];
    const place = random.below(content.length + 1);
    changed[at] = { role, content: `${content.slice(0, place)}呢${content.slice(place)}` };
  }
  return { messages: changed };
}
