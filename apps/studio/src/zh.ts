import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "port {0} of {1} is taken by another program; end it, or choose another port":
    "{1} 的端口 {0} 已被其他程序占用；请结束该程序或换一个端口",
  "cannot listen on port {0} of {1}: {2}": "无法监听 {1} 的端口 {0}：{2}",
  "expected GET, HEAD or POST": "应为 GET、HEAD 或 POST",
  "expected the host of the link": "应为链接中的主机",
  "expected a request of the page itself": "应为页面自身的请求",
  "expected the secret of the link": "应带有链接中的密钥",
  "expected the secret of a link": "应带有某个链接的密钥",
  "expected the link of one who is {0}": "应为具有 {0} 身份者的链接",
  "expected the id of a run": "应为某次运行的标识",
  "expected the place of a task": "应为某个任务的位置",
  "expected at most {0} runs": "至多 {0} 次运行",
  "expected at most {0} bytes": "至多 {0} 字节",
  "expected application/json": "应为 application/json",
  "expected a path of the page": "应为页面的某个路径",
  "there is no such page": "没有这个页面",
  "too many pages are open; close some": "打开的页面过多；请关闭一些",
  "others are being answered": "正在回答其他人",
  "the request could not be answered": "无法回应此请求",
  "the answer could not be stored": "无法保存此答案",
  "the id of a run": "某次运行的标识",
  "one side or two": "一方或两方",
  "a number from 0 to {0}": "0 到 {0} 的数",
  "base or tuned": "base 或 tuned",
  "1 to {0} turns": "1 到 {0} 轮",
  "a turn of the user at the end": "以用户的一轮结尾",
  "system, user or assistant": "system、user 或 assistant",
};
