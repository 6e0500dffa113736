import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { evaluateText } from "@lathe/eval";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

const predictions = ["the cat sat on the mat", "a dog ran"];
const references = ["the cat sat on a mat", "a dog ran fast"];

async function files(): Promise<string[]> {
  const [hypotheses, wanted] = [join(folder, "hypotheses.txt"), join(folder, "references.txt")];
  await writeFile(hypotheses, `${predictions.join("\n")}\n`);
  await writeFile(wanted, `${references.join("\n")}\n`);
  return ["eval", "--predictions", hypotheses, "--references", wanted];
}

/** A judge that finds the longer of two replies better, and says so in its answers. */
async function startJudge(): Promise<{ url: string; keys: Set<string | undefined>; close: () => void }> {
  const keys = new Set<string | undefined>();
  const server = createServer((request, response) => {
    void (async () => {
      keys.add(request.headers.authorization);
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as { messages: { content: string }[] };
      const { A, B, reply } = JSON.parse(messages[1].content) as Record<string, string>;
      const verdict = reply === undefined ? (A.length > B.length ? "A" : "B") : Math.min(10, reply.length);
      const answer = { choices: [{ message: { content: `[[${verdict}]]` } }], usage: { prompt_tokens: 9 } };
      response.end(JSON.stringify(answer));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, keys, close: () => server.close() };
}

describe("lathe eval of files", () => {
  it("gives each score by its name", async () => {
    const { code, json } = await runLathe([...(await files()), "--metrics", "bleu,rouge,chrf", "--json"]);
    expect(code).toBe(0);
    const { scores } = evaluateText({ predictions, references, metrics: ["bleu", "rouge", "chrf"] });
    expect(Object.keys(json!).slice(0, 5)).toEqual(["bleu", "rouge1", "rouge2", "rougeL", "chrf"]);
    expect(json).toMatchObject({ ...scores, segments: 2, language: "en" });
  });

  it("shows a table", async () => {
    const { stdout } = await runLathe([...(await files()), "--metrics", "rouge1"]);
    expect(stdout).toMatch(
      /^metric +score +range\n[─ ]+\nrouge1 +0\.\d+ \[0\.\d+, 0\.\d+\] +0–1\n2 texts, en\n$/,
    );
  });

  it("compares files, naming signatures, intervals and p-values", async () => {
    const words = await files();
    const other = join(folder, "tuned.txt");
    await writeFile(other, "the cat sat on a mat\na dog ran fast\n");
    const compared = [...words, "--predictions", other, "--metrics", "bleu,accuracy"];
    const { code, json } = await runLathe([...compared, "--json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      segments: 2,
      systems: [
        { name: "hypotheses", scores: { accuracy: { score: 0, interval: [0, 0] } } },
        {
          name: "tuned",
          scores: {
            bleu: {
              score: expect.closeTo(100, 9) as number,
              signature: "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
            },
            accuracy: { score: 1, interval: [1, 1] },
          },
        },
      ],
      comparisons: [
        { metric: "bleu", systems: ["hypotheses", "tuned"], pValue: 0.5, exact: true },
        // Of the four ways to swap two rows, two give a difference of 1.
        { metric: "accuracy", difference: 1, interval: [1, 1], pValue: 0.5 },
      ],
    });
    const { stdout } = await runLathe(compared);
    expect(stdout).toMatch(/^metric +hypotheses +tuned\n/);
    expect(stdout).toMatch(/accuracy +tuned − hypotheses +1 \[1, 1\] +0\.500/);
  });

  it("finds labels where it is told to, and strips reasoning", async () => {
    const [hypotheses, wanted] = [join(folder, "labels.jsonl"), join(folder, "wanted.txt")];
    await writeJsonl(hypotheses, ["<think>no?</think>label: yes", "label: no", "label: no"]);
    await writeFile(wanted, "yes\nno\nyes\n");
    const words = ["eval", "--predictions", hypotheses, "--references", wanted, "--json"];
    const labels = ["--metrics", "label-accuracy,macro-f1", "--labels", "yes,no"];
    const place = ["--label-place", "pattern:label: (\\w+)"];
    const { json, stderr } = await runLathe([...words, ...labels, ...place]);
    expect(json, stderr).toMatchObject({
      "label-accuracy": expect.closeTo(200 / 3, 9) as number,
      "macro-f1": expect.closeTo(200 / 3, 9) as number,
      systems: [
        {
          reasoning: { texts: 1, otherRule: "keep" },
          classification: {
            confusion: [
              [1, 1],
              [0, 1],
            ],
            labels: [{ label: "yes", precision: 1, recall: 0.5, support: 2 }, { label: "no" }],
          },
        },
      ],
    });
    const shown = await runLathe([...words.slice(0, -1), ...labels, ...place]);
    expect(shown.stdout).toMatch(
      /label +rows +precision, % +recall, % +F1, %\n[─ ]+\nyes +2 +100 +50 +66\.667\n/u,
    );
    expect(shown.stdout).toContain(
      "labels: <think> blocks in 1 of the rows; with them the scores are label-accuracy 66.667, macro-f1 66.667",
    );
    const { code, stderr: refused } = await runLathe([...words, ...labels, "--label-place", "where"]);
    expect(refused).toContain("whole, first-line, longest-label, field:NAME or pattern:REGEX");
    expect(code).toBe(2);
  });

  it("takes JSON lines with several references", async () => {
    const [hypotheses, wanted] = [join(folder, "p.jsonl"), join(folder, "r.jsonl")];
    await writeJsonl(hypotheses, [{ prediction: "一只猫" }]);
    await writeJsonl(wanted, [{ references: ["两只狗", "一只猫"] }]);
    const words = [
      "eval",
      "--predictions",
      hypotheses,
      "--references",
      wanted,
      "--metrics",
      "em,f1",
      "--json",
    ];
    expect((await runLathe(words)).json).toMatchObject({ "exact-match": 100, f1: 100, language: "zh" });
  });

  it("has a judge score and compare, with a key from the environment alone, and asks nothing twice", async () => {
    const judge = await startJudge();
    const [base, tuned, wanted] = ["b.jsonl", "t.jsonl", "w.txt"].map((name) => join(folder, name));
    await writeJsonl(base, [{ prompt: "Say yes", prediction: "abc" }, { prediction: "abcd" }]);
    await writeJsonl(tuned, [{ prediction: "<think>hm</think>abcdef" }, { prediction: "abcde" }]);
    await writeFile(wanted, "yes\nno\n");
    const answers = join(folder, "answers.jsonl");
    const words = ["eval", "--predictions", base, tuned, "--references", wanted, "--metrics", "accuracy"];
    const asked = [...words, "--judge", judge.url, "--judge-model", "m", "--judge-answers", answers];
    const env = { LATHE_JUDGE_KEY: "sk-secret" };
    const { code, json, stdout, stderr } = await runLathe([...asked, "--json"], { env });
    expect(code, stderr).toBe(0);
    const signature = expect.stringMatching(
      /^judge:m\|prompt:[0-9a-f]{12}\|lang:en\|.*\|think:strip$/,
    ) as string;
    expect(json).toMatchObject({
      systems: [
        { name: "b", scores: { "judge-score": { score: 3.5 }, "judge-preference": { score: 50 } } },
        {
          name: "t",
          scores: {
            accuracy: { score: 0 },
            "judge-score": { score: 5.5, signature, interval: [5, 6] },
            "judge-preference": { score: 100, signature, interval: [100, 100] },
          },
          details: { "judge-preference": { wins: 2, ties: 0, losses: 0, failures: 0 } },
        },
      ],
      comparisons: [
        { metric: "accuracy" },
        { metric: "judge-score", difference: 2 },
        // Of four ways to swap two rows two are as far apart.
        { metric: "judge-preference", difference: 50, pValue: 0.5 },
      ],
      judge: { model: "m", answers: 8, asked: 8, pairs: 2, disagreements: 0, promptTokens: 72 },
    });
    expect([...judge.keys]).toEqual(["Bearer sk-secret"]);
    const again = await runLathe(asked, { env });
    expect(again.stdout).toMatch(/judge-preference +50 \[50, 50\] +100 \[100, 100\]/);
    expect(again.stdout).toContain("8 answers, 0 of them asked for now, 0 without a verdict; 0 of 2 pairs");
    expect(stdout + stderr + again.stdout + again.stderr + (await readFile(answers, "utf8"))).not.toContain(
      "sk-",
    );
    judge.close();
  });

  it("compares by a model's embeddings, of several references by the most alike", async () => {
    const [hypotheses, wanted] = [join(folder, "e.jsonl"), join(folder, "er.jsonl")];
    const text = "Once upon a time there was a little girl.";
    await writeJsonl(hypotheses, [{ prediction: text }, { prediction: text }]);
    await writeJsonl(wanted, [
      { references: ["One day a big dog ran to the park."] },
      { references: ["One day a big dog ran to the park.", text] },
    ]);
    const words = ["eval", "--predictions", hypotheses, "--references", wanted, "--json", "--engine", "wasm"];
    const asked = [...words, "--metrics", "embedding", "--per-segment", "--embedding-model", storiesModel];
    const { code, json, stderr } = await runLathe(asked);
    expect(code, stderr).toBe(0);
    // Transformers' value; see the fixtures of @lathe/eval.
    const alike = expect.closeTo(0.8668048, 5) as number;
    expect(json).toMatchObject({
      perSegment: { embedding: [alike, expect.closeTo(1, 9) as number] },
      systems: [
        {
          scores: {
            embedding: {
              signature: expect.stringMatching(
                /^model:[0-9a-f]{12}\|layer:5\/5\|pool:mean\|tokens:text\|sim:cosine\|refs:best$/,
              ) as string,
            },
          },
          details: { embedding: { cut: 0 } },
        },
      ],
    });
  });

  it.each([
    [["--judge", "http://127.0.0.1:1/v1"], "--judge and --judge-model go together"],
    [["--judge", "ftp://x", "--judge-model", "m"], "--judge: expected an address such as"],
    [["--metrics", "embedding"], "--embedding-model: expected a model folder for the metric embedding"],
    [["--embedding-model", storiesModel], "--embedding-model: expected the metric embedding beside it"],
    [["--metrics", "judge-score"], "--judge: expected a judge for its metrics"],
    [["--metrics", "blue"], 'unknown metric "blue": did you mean "bleu"?'],
    [["--adapter", "x"], "--adapter, --probe, --output and --predictions-output go with --model"],
    [
      ["--model", "x", "--data", "y"],
      "expected either --predictions and --references, or --model and --data",
    ],
    [["--references", "no-such.txt"], "no-such.txt: no such file"],
  ])("refuses %j", async (words, message) => {
    const { code, stderr } = await runLathe([...(await files()), ...words]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("refuses files of different length", async () => {
    const longer = join(folder, "longer.txt");
    await writeFile(longer, "a\nb\nc\n");
    const { code, json } = await runLathe([...(await files()), "--references", longer, "--json"]);
    expect(code).toBe(2);
    expect(json).toMatchObject({ error: { name: "TextPairsError", predictionCount: 2, referenceCount: 3 } });
  });
});

describe("options of the metrics", () => {
  it("reach them", async () => {
    const words = [...(await files()), "--json", "--metrics"];
    const scored = async (...more: string[]) => (await runLathe([...words, ...more])).json!;
    const request = { predictions, references, metrics: ["bleu"] };
    expect((await scored("bleu", "--smoothing", "none", "--bleu-tokenizer", "char"))["bleu"]).toBe(
      evaluateText({ ...request, options: { smoothing: "none", tokenizer: "char" } }).scores.bleu,
    );
    const each = (await scored("chrf", "--per-segment"))["perSegment"] as { chrf: number[] };
    expect(each.chrf).toHaveLength(2);
    expect(await scored("chrf")).not.toHaveProperty("perSegment");
  });
});

describe("lathe eval with a model", () => {
  const rows = [
    { prompt: "Once upon a time", completion: ", there was a little girl." },
    { input: "Tom had a", output: "cat." },
    {
      messages: [
        { role: "user", content: "Lily was" },
        { role: "assistant", content: "happy." },
      ],
    },
    { text: "Nothing is asked here." },
  ];

  it("generates, scores, and keeps the replies", async () => {
    const data = await writeJsonl(join(folder, "rows.jsonl"), rows);
    const kept = join(folder, "made", "replies.jsonl");
    const words = [
      "eval",
      "--model",
      storiesModel,
      "--data",
      data,
      "--max-new-tokens",
      "8",
      "--metrics",
      "chrf",
    ];
    const { code, json, stderr } = await runLathe([...words, "--predictions-output", kept, "--json"]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("1 of 4 rows have no reply to generate");
    const replies = (await readFile(kept, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(replies.map(({ prompt }) => prompt)).toEqual(["Once upon a time", "Tom had a", "Lily was"]);
    expect(replies.map(({ reference }) => reference)).toEqual([
      ", there was a little girl.",
      "cat.",
      "happy.",
    ]);

    // The prompt of a completion row is what --raw generation is given.
    const alone = await runLathe([
      "generate",
      "--model",
      storiesModel,
      "--prompt",
      "Once upon a time",
      "--max-new-tokens",
      "8",
      "--json",
    ]);
    expect(replies[0].prediction).toBe((alone.json!["text"] as string).trim());

    // Perplexity is that of score, and the metric that of the kept file.
    const score = (await runLathe(["score", "--model", storiesModel, "--data", data, "--json"])).json!;
    expect(json!["loss"]).toBeCloseTo(score["loss"] as number, 9);
    expect(json).toMatchObject({
      perplexity: expect.closeTo(score["perplexity"] as number, 9) as number,
      tokens: score["tokens"],
      rows: 4,
      segments: 3,
    });
    const again = await runLathe([
      "eval",
      "--predictions",
      kept,
      "--references",
      kept,
      "--metrics",
      "chrf",
      "--json",
    ]);
    expect(again.json!["chrf"]).toBe(json!["chrf"]);
  });

  it("never writes the replies over the rows", async () => {
    const data = await writeJsonl(join(folder, "precious.jsonl"), rows);
    const words = ["eval", "--model", storiesModel, "--data", data, "--predictions-output"];
    const { code, stderr } = await runLathe([...words, join(folder, ".", "precious.jsonl")]);
    expect(stderr).toContain("the replies would be written over the rows");
    expect(code).toBe(2);
    expect((await runLathe([...words, folder])).stderr).toContain("expected a file, got a folder");
  });

  it("takes token rows without a tokenizer for perplexity alone", async () => {
    const data = await writeJsonl(join(folder, "tokens.jsonl"), [
      { input_ids: [1, 2, 3, 4], labels: [-100, -100, 3, 4] },
      { input_ids: [5, 6], labels: [-100, 6] },
    ]);
    const words = ["eval", "--model", tinyModel("llama"), "--data", data, "--json"];
    const { code, json } = await runLathe([...words, "--limit", "1"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ rows: 1, tokens: 2 });
    expect(json).not.toHaveProperty("bleu");
  });
});
