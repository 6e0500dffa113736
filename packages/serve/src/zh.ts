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
  "expected a smaller one, got one that takes more than {0} places": "应更小，实际所需的位置超过 {0} 个",
  "{0} stays as it was: {1}": "{0} 保持原样：{1}",
  "another program listens there": "已有其他程序监听",
  "it is no address of this machine": "不是本机的地址",
  "it is not allowed": "没有权限",
  "{0}: the folder has no tokenizer.json, which serving texts needs":
    "{0}：文件夹没有提供文本服务所需的 tokenizer.json",
  "{0}: the adapter trains whole modules or biases, which cannot be in force for some requests alone; merge it and serve the merged model":
    "{0}：该适配器训练整个模块或偏置，无法只对部分请求生效；请合并后再提供合并的模型",
};
