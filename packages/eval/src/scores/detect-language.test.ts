import { expect, it } from "vitest";
import metrics from "../../fixtures/metrics.json" with { type: "json" };
import { detectLanguage } from "./detect-language.js";

it.each(metrics.text)("knows the recorded texts: $name", ({ name, references }) => {
  expect(detectLanguage(references)).toBe(name);
});

it.each([
  ["zh", ["请在 iPhone 的设置里重新启动 Wi-Fi"]],
  ["zh", ["好"]],
  ["en", ["The character 好 means good"]],
  ["en", ["", "12:30", "😀"]],
  ["en", []],
] as const)("%s for %j", (language, texts) => {
  expect(detectLanguage(texts)).toBe(language);
});

it("reads no further than it needs", () => {
  function* texts() {
    for (let index = 0; index < 1000; index++) yield "word ".repeat(1000);
    throw new Error("read to the end");
  }
  expect(detectLanguage(texts())).toBe("en");
});
