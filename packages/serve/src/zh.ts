import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "the name {0} is given twice; a model and each of its adapters need one of their own":
    "名称 {0} 出现两次；模型与每个适配器须各有名称",
  "host {0}: others reach this address, so an API key is needed; give one, or listen at 127.0.0.1":
    "地址 {0}：他人可达，须有 API 密钥；请给出密钥，或监听 127.0.0.1",
  "cannot listen at {0}, port {1}: {2}": "无法监听 {0} 的端口 {1}：{2}",
  "the schema: {0}": "模式：{0}",
  "the schema at {0}: {1}": "模式的 {0}：{1}",
  "replies cannot be held to this keyword; leave it out": "无法让回复遵守此关键字；请删去",
  "replies cannot be held to this keyword beside {0}; leave it out":
    "无法让回复同时遵守此关键字与 {0}；请删去",
  "replies cannot be held to {0} in a regular expression; write it without":
    "无法让回复遵守正则表达式中的 {0}；请改写而不用它",
  "expected a regular expression, got “{0}”": "应为正则表达式，实际为“{0}”",
  "expected at most {0} characters, got {1}": "应不超过 {0} 个字符，实际为 {1} 个",
  "expected at most {0} groups within each other, got more": "嵌套的分组应不超过 {0} 层，实际更多",
  "expected a smaller one, got one that takes more than {0} places": "应更小，实际所需的位置超过 {0} 个",
  "expected less beside the other keywords, got what takes more than {0} states together":
    "与其他关键字并用时应更简单，实际合计所需的状态超过 {0} 个",
  "{0} stays as it was: {1}": "{0} 保持原样：{1}",
  "another program listens there": "已有其他程序监听",
  "it is no address of this machine": "不是本机的地址",
  "it is not allowed": "没有权限",
  "{0}: the folder has no tokenizer.json, which serving texts needs":
    "{0}：文件夹没有提供文本服务所需的 tokenizer.json",
  "{0}: the adapter trains whole modules or biases, which cannot be in force for some requests alone; merge it and serve the merged model":
    "{0}：该适配器训练整个模块或偏置，无法只对部分请求生效；请合并后再提供合并的模型",
  "Serving:": "服务：",
  "name that requests call the base model by": "请求中基础模型的名称",
  "that of its folder": "其文件夹的名称",
  "adapters and the names that requests call them by": "适配器及其在请求中的名称",
  "address to listen at; one that others reach needs --api-key": "监听地址；他人可达的地址须有 --api-key",
  "port to listen at; 0 for any that is free": "监听端口；0 表示任一空闲端口",
  "key that requests must bear": "请求须携带的密钥",
  "names besides those of this machine that requests may call it by": "除本机名称外，请求可用的主机名",
  "replies computed at one time": "同时计算的回复数",
  "replies that wait at most; more are refused": "等待的回复数上限；超出则拒绝",
  "held at most, of replies under way and of texts kept for those that begin alike":
    "最多保留，包括进行中的回复以及为相同开头保留的文本",
  "new tokens of a reply whose request does not say": "请求未指明时回复的新词元数",
  "seconds that a reply may take, waiting included": "一个回复最多用的秒数，含等待",
  "what becomes of what the model thinks before it answers": "模型回答前的思考如何处理",
  "say each request's route, status and time": "显示每个请求的路由、状态与用时",
};
