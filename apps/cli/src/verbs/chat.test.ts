import { describe, expect, it } from "vitest";
import { storiesModel, tinyModel } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

const words = ["chat", "--model", storiesModel, "--max-new-tokens", "6"];

describe("lathe chat", () => {
  it("gives a reply a line when piped, and remembers until it is told to forget", async () => {
    const stdin = "Tom had a cat.\nThe cat was big.\n\n/reset\nTom had a cat.\n/exit\nnever read\n";
    const { code, json } = await runLathe([...words, "--json"], { stdin });
    expect(code).toBe(0);
    const turns = json!["turns"] as { user: string; reply: string }[];
    expect(turns.map(({ user }) => user)).toEqual(["Tom had a cat.", "The cat was big.", "Tom had a cat."]);
    expect(turns[2].reply).toBe(turns[0].reply);
    const alone = (await runLathe([...words, "--json"], { stdin: "The cat was big." })).json!["turns"];
    expect(turns[1].reply).not.toBe((alone as { reply: string }[])[0].reply);
  });

  it("shows the replies alone on stdout", async () => {
    const { stdout, stderr } = await runLathe(words, { stdin: "Tom had a cat.\n/reset\nTom had a cat.\n" });
    const { json } = await runLathe([...words, "--json"], { stdin: "Tom had a cat.\n" });
    const [{ reply }] = json!["turns"] as { reply: string }[];
    expect(stdout).toBe(`${reply}\n${reply}\n`);
    expect(stderr).toContain("forgotten");
  });

  it("needs a tokenizer", async () => {
    const { code, stderr } = await runLathe(["chat", "--model", tinyModel("qwen2")]);
    expect(code).toBe(2);
    expect(stderr).toContain("the folder has no tokenizer.json, which a conversation needs");
  });
});
