import { expect, it } from "vitest";
import { hasReasoning, stripReasoning } from "./strip-reasoning.js";

it.each([
  ["<think>\na\n</think>\n\nYes.", "Yes.", true],
  ["thought without its beginning</think>Yes.", "Yes.", true],
  ["<think>a</think>b<think>c</think>d", "d", true],
  ["<think>never ends", "", true],
  ["Yes.", "Yes.", false],
  ["", "", false],
])("%j becomes %j", (reply, answer, has) => {
  expect(stripReasoning(reply)).toBe(answer);
  expect(hasReasoning(reply)).toBe(has);
  expect(stripReasoning(answer)).toBe(answer);
});
