/** The page of a bundle: what is asked goes to the worker, where the model is, and what it says comes back piece by piece. */

const texts = {
  en: {
    other: "中文",
    loading: (part) => `Loading the model … ${part} %`,
    ready: (device) =>
      `Ready. The model runs in this browser (${device}); nothing you write leaves this machine.`,
    working: "Answering …",
    done: (tokens, pace) => `${tokens} tokens, ${pace} a second.`,
    failed: (why) => `It failed: ${why}`,
    prompt: { chat: "Your message", text: "Text to continue" },
    tokens: "new tokens",
    temperature: "temperature",
    send: "Send",
    stop: "Stop",
    clear: "Start over",
  },
  zh: {
    other: "English",
    loading: (part) => `正在加载模型……${part} %`,
    ready: (device) => `已就绪。模型在此浏览器中运行（${device}），您输入的内容不会离开本机。`,
    working: "正在回答……",
    done: (tokens, pace) => `${tokens} 个词元，每秒 ${pace} 个。`,
    failed: (why) => `出错：${why}`,
    prompt: { chat: "您的消息", text: "要续写的文本" },
    tokens: "新词元数",
    temperature: "温度",
    send: "发送",
    stop: "停止",
    clear: "重新开始",
  },
};

const at = (id) => document.getElementById(id);
const [status, progress, dialogue, form, prompt] = ["status", "progress", "dialogue", "form", "prompt"].map(
  at,
);

let language = navigator.language.startsWith("zh") ? "zh" : "en";
/** What the status says, to be said again in the other language. */
let said = ["loading", "0"];
let kind = "chat";
let messages = [];
let reply = null;

function say(name, ...values) {
  said = [name, ...values];
  const text = texts[language][name];
  status.textContent = typeof text === "function" ? text(...values) : text;
  status.classList.toggle("fault", name === "failed");
}

function speak() {
  const words = texts[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  at("language").textContent = words.other;
  at("prompt-label").textContent = words.prompt[kind];
  at("tokens-label").textContent = words.tokens;
  at("temperature-label").textContent = words.temperature;
  for (const name of ["send", "stop", "clear"]) at(name).textContent = words[name];
  say(...said);
}

function turn(role, text) {
  const element = document.createElement("p");
  element.className = `turn ${role}`;
  element.textContent = text;
  dialogue.append(element);
  element.scrollIntoView({ block: "end" });
  return element;
}

function rest() {
  reply = null;
  at("send").hidden = false;
  at("stop").hidden = true;
}

const worker = new Worker("worker.js", { type: "module" });
worker.addEventListener("error", (event) => say("failed", event.message || "worker.js"));
worker.addEventListener("message", ({ data }) => {
  if (data.type === "loading") {
    progress.value = data.part;
    say("loading", String(Math.floor(100 * data.part)));
  } else if (data.type === "ready") {
    kind = data.kind;
    document.title = data.name;
    at("title").textContent = data.name;
    progress.hidden = true;
    form.hidden = false;
    say("ready", data.device);
    speak();
  } else if (data.type === "piece") {
    reply.textContent += data.text;
  } else if (data.type === "done") {
    messages.push({ role: "assistant", content: reply.textContent });
    say("done", String(data.tokens), (data.tokens / data.seconds).toFixed(1));
    rest();
  } else if (data.type === "failed") {
    say("failed", data.why);
    if (reply !== null) messages.pop();
    rest();
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const content = prompt.value;
  if (reply !== null || content.trim() === "") return;
  if (kind === "text") messages = [];
  messages.push({ role: "user", content });
  prompt.value = "";
  turn("user", content);
  reply = turn("assistant", "");
  at("send").hidden = true;
  at("stop").hidden = false;
  say("working");
  worker.postMessage({
    type: "ask",
    messages,
    maxNewTokens: at("tokens").valueAsNumber,
    temperature: at("temperature").valueAsNumber,
  });
});
prompt.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
at("stop").addEventListener("click", () => worker.postMessage({ type: "stop" }));
at("clear").addEventListener("click", () => {
  if (reply !== null) return;
  messages = [];
  dialogue.replaceChildren();
});
at("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  speak();
});

progress.hidden = false;
speak();
worker.postMessage({ type: "load", device: new URLSearchParams(location.search).get("device") });
