// Trains the quick start's base model from its first weights: writes a model that has learnt nothing, makes tokens of the
// dialogues below data/, keeps 60 of them back, and runs `lathe train` with train.yaml.
//
//   node examples/base-model/run.mjs [--output DIR] [flags of `lathe train`, e.g. --max-steps 100, or --resume]

import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { initialiseModel, readModelFolder } from "@lathe/recipes";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const like = join(root, "examples/customer-service/base-model"); // config, tokenizer and template

/** Tokens of a held-out dialogue that are scored, as in the log of the model that the quick start brings. */
const HELD_OUT_TOKENS = 256;

const words = process.argv.slice(2);
const at = words.indexOf("--output");
const output = at < 0 ? join(root, "runs/base-model") : words.splice(at, 2)[1];
const rows = { training: join(output, "training.jsonl"), heldOut: join(output, "held-out.jsonl") };

const readRows = async (name) =>
  (await readFile(join(here, "data", name), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** All dialogues, in the order that held-out.json counts in. A problem of CMATH is a question and its answer. */
async function dialogues() {
  const talks = [...(await readRows("dialogues-dev.jsonl")), ...(await readRows("dialogues-test.jsonl"))];
  const problems = [...(await readRows("cmath_dev.jsonl")), ...(await readRows("distractor.jsonl"))];
  return [
    ...talks.map(({ messages }) => messages),
    ...problems.map(({ input, golden }) => [
      { role: "user", content: input },
      { role: "assistant", content: golden },
    ]),
  ];
}

/** Writes the tokens of all dialogues; everything in them is learnt. */
async function writeRows() {
  const { tokenizer } = await readModelFolder(like);
  const heldOut = new Set(JSON.parse(await readFile(join(here, "held-out.json"), "utf8")));
  const lines = (await dialogues()).map((messages, number) => {
    const ids = tokenizer.encode(tokenizer.renderChat(messages, { addGenerationPrompt: false }), {
      addSpecialTokens: false,
    });
    return { isHeldOut: heldOut.has(number), ids };
  });
  const text = (some) => some.map((ids) => `${JSON.stringify({ input_ids: ids })}\n`).join("");
  await writeFile(rows.training, text(lines.filter((line) => !line.isHeldOut).map(({ ids }) => ids)));
  const scored = lines.filter((line) => line.isHeldOut).map(({ ids }) => ids.slice(0, HELD_OUT_TOKENS));
  await writeFile(rows.heldOut, text(scored));
}

const run = join(output, "run");
const flags = words.includes("--resume") ? [] : ["--config", join(here, "train.yaml")];
if (!words.includes("--resume")) {
  await mkdir(output, { recursive: true });
  await writeRows();
  const model = await initialiseModel({ like, output: join(output, "first-weights"), seed: 1 });
  flags.push("--model", model, "--data", rows.training, "--validation", rows.heldOut);
}
const program = [join(root, "apps/cli/dist/main.js"), "train", ...flags, "--output", run, ...words];
const child = spawn(process.execPath, program, { stdio: "inherit" });
// The child hears a terminal's Ctrl-C itself, and writes a checkpoint; this process waits for it.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code) => (process.exitCode = code ?? 1));
