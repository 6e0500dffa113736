import type { Translations } from "@lathe/files";

/** 人工标注：回复文件、标注任务与答案。 */
export const annotationPhrases: Translations = {
  "0 for the first answer": "首次作答应为 0",
  "a study of other replies": "基于另一批回复的标注研究",
  "a study with {0} {1}": "{0} 为 {1} 的标注研究",
  "a whole number from {0} to {1}": "{0} 到 {1} 的整数",
  "an empty folder or a study of the same replies and settings": "空文件夹，或回复与设置相同的标注研究",
  "an id of 8 to 100 letters, digits, dots, colons or hyphens":
    "由 8 到 100 个字母、数字、点、冒号或连字符组成的标识",
  "an id of its own for each answer": "每个答案各自的标识",
  "at most {0} characters": "最多 {0} 个字符",
  "cannot be read as a database: {0}": "无法作为数据库读取：{0}",
  "expected a folder with the study of an annotation ({0}), got none":
    "应为含标注研究（{0}）的文件夹，但没有找到",
  "expected a number, got {0}": "应为数字，实为 {0}",
  "expected a rating for {0}, got none": "应有 {0} 的评分，但没有",
  "expected a rating from {0} to {1}, or two such as {2}, got {3}":
    "应为 {0} 到 {1} 的评分，或形如 {2} 的两个，实为 {3}",
  "expected a rating, got {0}": "应为评分，实为 {0}",
  "expected a seed that is a whole number of at least {0}, got {1}":
    "随机种子应为不小于 {0} 的整数，实为 {1}",
  "expected a share of rows to repeat from {0} to {1}, got {2}": "重复行的比例应在 {0} 到 {1} 之间，实为 {2}",
  "expected a text or a whole number, got {0}": "应为文本或整数，实为 {0}",
  "expected a text, got a row with {0}": "应为文本，实为含 {0} 的行",
  "expected a text, got {0}": "应为文本，实为 {0}",
  "expected an object with id, prompt and response": "应为含 id、prompt 和 response 的对象",
  "expected an object with id, system and ratings": "应为含 id、system 和评分的对象",
  "expected an object with role and content": "应为含 role 和 content 的对象",
  "expected an object with the columns of an answer": "应为含答案各列的对象",
  "expected each id once, got {0} again; the first is in line {1}":
    "每个 id 应只出现一次，{0} 再次出现；第一次在第 {1} 行",
  "expected each row to be judged by {0} to {1} annotators, got {2}":
    "每行的标注者人数应为 {0} 到 {1}，实为 {2}",
  "expected files of systems with names of their own, got {0} twice":
    "各系统的文件应有不同的名称，{0} 出现两次",
  "expected numbers by the names of metrics, got {0}": "应为以指标名为键的数字，实为 {0}",
  "expected one line with the system {0} for the row {1} of {2}, got {3}":
    "{2} 对行 {1} 的答案中，系统 {0} 应恰有一行，实有 {3} 行",
  "expected one of {0} in a file at least, got none": "至少一个文件中应有 {0} 之一，但都没有",
  "expected one of {0}, got a row with {1}": "应有 {0} 之一，实为含 {1} 的行",
  "expected the id of a row, got {0}": "应为某行的 id，实为 {0}",
  "expected the name of an annotator, got {0}": "应为标注者的名字，实为 {0}",
  "expected the prompt of {0}:{1}, got another one": "提示应与 {0}:{1} 相同，实为另一个",
  "expected {0} or {1} to be preferred to the other, or both tied, got {2} of these":
    "{0} 与 {1} 应一方更好或不分上下，实有 {2} 种说法",
  "expected {0} to have a row with the id {1} too, got none": "{0} 也应有 id 为 {1} 的行，但没有",
  "expected {0} to {1} annotators, got {2}": "标注者应为 {0} 到 {1} 人，实为 {2}",
  "give another folder, or the files and settings that the study was made with":
    "请换一个文件夹，或使用创建该研究时的文件和设置",
  "holds no study": "不含标注研究",
  "preferences of {0} pairs": "{0} 对回复的偏好",
  "ratings of {0} replies": "{0} 个回复的评分",
  "some of {0}, each once": "{0} 中的若干项，各出现一次",
  "that of another one": "另一个答案的标识",
  "the place of a task": "某个任务的位置",
  "{0} characters": "{0} 个字符",

  // 命令 annotate
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

  // 命令 studio
  "Show runs as they go on, compare them and talk to their models, on a page of this machine":
    "在本机的页面上实时查看训练、比较训练，并与模型对话",
  "Serves a page that shows the runs below a folder: those under way live, several in one chart with the settings that differ, replies over time, reports, and a chat with the model before and after a run side by side. The link is for this machine and has a secret; the same command has the same link.":
    "提供一个页面，显示文件夹中的训练：实时显示进行中的训练，在一张图中比较多个训练并列出不同的设置，显示回答随训练的变化和各种报告，还可以与训练前后的模型并排对话。链接仅限本机，含有私密部分；再次运行同一命令会得到相同的链接。",
  "folder of runs, or of one": "存放训练的文件夹，或单个训练的文件夹",
  "open the page in the browser of the system, from a terminal": "在终端中运行时，用系统浏览器打开页面",
  "print the link alone": "只打印链接",
  "{0}: expected a folder with runs in it, got {1}": "{0}：应为存放训练的文件夹，实为{1}",
  "{0}: the run's settings name no model, so there is nothing to talk to":
    "{0}：训练的设置中没有模型，无法对话",
  "{0}: the run has no adapter or model yet, so there is nothing to talk to":
    "{0}：训练还没有适配器或模型，无法对话",
};
