/** Who is named before what they say, in the logs of customer services. */
export const SPEAKERS: readonly string[] = [
  ..."用户 客户 顾客 客人 访客 买家 卖家 商家 店家 店主 会员 客服 人工客服 智能客服 在线客服 售后客服 客服人员 坐席 座席 专员 店小二 小二 机器人 助手 助理 系统 问 答 提问 回答 问题 用户问 客服答".split(
    " ",
  ),
  ..."user customer client visitor buyer seller shopper guest agent assistant representative rep operator advisor support staff bot chatbot system question answer q a human ai".split(
    " ",
  ),
];

/**
 * Step "speaker-prefixes": takes the speaker's name, with a number or a time, off the beginning of a text: `用户：`, `客服03：`, `Customer:`,
 * `[Agent] 10:32:`. A text in which several lines begin so is a whole transcript and stays.
 */
export function speakerPrefixRemover(speakers: readonly string[]): (text: string) => string {
  const names = [...speakers]
    .sort((left, right) => right.length - left.length)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
    .join("|");
  const prefix = new RegExp(
    `^[ \\t]*[\\[【(（<]?(?:${names})[ _#-]?\\d{0,6}[\\]】)）>]?[ \\t]{0,4}(?:[(（\\[]?\\d{1,2}:\\d{2}(?::\\d{2})?[)）\\]]?[ \\t]{0,4})?[:：][ \\t]*`,
    "iu",
  );
  return (text) => {
    if (!prefix.test(text)) return text;
    const others = text.split("\n").slice(1);
    return others.some((line) => prefix.test(line)) ? text : text.replace(prefix, "");
  };
}
