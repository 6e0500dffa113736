import { describe, expect, it } from "vitest";
import { isHubName, parseRepository, repositoryText } from "./hub-repository.js";

const plain = { hub: "huggingface", kind: "model", revision: null, file: null };

describe("parseRepository", () => {
  it.each<[text: string, found: object]>([
    ["Qwen/Qwen3-0.6B", { ...plain, id: "Qwen/Qwen3-0.6B" }],
    ["hf:Qwen/Qwen3-0.6B", { ...plain, id: "Qwen/Qwen3-0.6B" }],
    ["org/m@refs/pr/1", { ...plain, id: "org/m", revision: "refs/pr/1" }],
    ["org/m@v1.0:sub/a.json", { ...plain, id: "org/m", revision: "v1.0", file: "sub/a.json" }],
    ["modelscope:org/m", { ...plain, hub: "modelscope", id: "org/m" }],
    ["hf-dataset:org/rows", { ...plain, kind: "dataset", id: "org/rows" }],
    [
      "modelscope-dataset:org/rows@dev",
      { hub: "modelscope", kind: "dataset", id: "org/rows", revision: "dev", file: null },
    ],
    ["https://huggingface.co/org/m", { ...plain, id: "org/m" }],
    ["https://huggingface.co/org/m/tree/dev", { ...plain, id: "org/m", revision: "dev" }],
    ["https://huggingface.co/datasets/org/rows", { ...plain, kind: "dataset", id: "org/rows" }],
    ["https://www.modelscope.cn/models/org/m", { ...plain, hub: "modelscope", id: "org/m" }],
  ])("of %s", (text, found) => {
    expect(parseRepository(text, "model")).toEqual(found);
  });

  it.each([
    "gpt2",
    "./a/b",
    "../b",
    "/a/b",
    "a/b/c",
    "a/..",
    "a b/c",
    "a/b;rm",
    "a/b@../c",
    "a/b@x/../y",
    "a/b:../c",
    "a/b:/etc/passwd",
    "a--b/c",
    "https://example.org/a/b",
    "",
  ])("takes %j for none", (text) => {
    expect(parseRepository(text, "model")).toBeNull();
  });

  it("writes names as it reads them", () => {
    for (const text of [
      "org/m",
      "org/m@v1",
      "hf-dataset:org/r",
      "modelscope:org/m@x",
      "modelscope-dataset:org/r",
    ]) {
      expect(repositoryText(parseRepository(text, "model")!)).toBe(text);
    }
    expect([isHubName("org/m"), isHubName("hf:org/m")]).toEqual([false, true]);
  });
});
