// The quick start: clean and split real dialogues, train a LoRA adapter on a small Chinese model, score base and tuned
// model side by side and show what changed. Every step is a command that can be run by hand, and is printed.
//
//   node examples/customer-service/run.mjs [--help] [--output DIR] [flags of `lathe train`, e.g. --max-steps 176 --engine wasm]

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError, readArguments } from "./arguments.mjs";
import { language, messages } from "./messages.mjs";
import { NoResultError, readResult } from "./read-result.mjs";
import { reportPage } from "./report-page.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const lathe = join(root, "apps/cli/dist/main.js");
const shown = (path) => relative(root, path) || ".";

const model = join(here, "base-model");

const children = new Set();
let interrupted = false;

// A terminal sends Ctrl-C to the verbs as well, and a second one would end training without a checkpoint; anything else
// reaches this process only. Either way it waits for the verbs to end.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    interrupted = true;
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    for (const child of children) child.kill(signal);
  });
}

/** Runs a verb with --json and resolves to its object. Progress goes to the terminal, or to a file where two run at once. */
function runLathe(verb, flags, logFile) {
  const log = logFile && createWriteStream(logFile);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [lathe, verb, ...flags, "--json"], {
      stdio: ["ignore", "pipe", log ? "pipe" : "inherit"],
    });
    children.add(child);
    if (log) child.stderr.pipe(log);
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code !== 0) return reject(new VerbError(verb, code ?? 1, signal, logFile));
      try {
        resolve(readResult(verb, Buffer.concat(chunks).toString("utf8")));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** A verb that ended otherwise than well; it has said on stderr, or in its log, what was wrong. */
class VerbError extends Error {
  constructor(verb, code, signal, logFile) {
    const where = logFile ? ` ${messages.seeLog(shown(logFile))}` : "";
    super(`${messages.failed(`lathe ${verb}`, signal ?? code)}${where}`);
    this.code = code;
  }
}

const say = (line = "") => console.log(line);
function command(number, title, verb, flags) {
  const quoted = flags.map((flag) => (flag.startsWith(root) ? shown(flag) : flag)).join(" ");
  say(`\n${number ? `${number}. ${title}` : `   ${title}`}\n   $ node ${shown(lathe)} ${verb} ${quoted}`);
}

const readLines = async (path) =>
  (await readFile(path, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** Three rows spread over the test split whose reply is long enough to say something. */
function examplesOf(base, tuned) {
  const telling = base
    .map((_, i) => i)
    .filter((i) => base[i].reference.length >= 15 && base[i].reference.length <= 60);
  return [1, 3, 5].map((sixth) => {
    const i = telling[Math.floor((telling.length * sixth) / 6)];
    const question = lastQuestion(base[i].prompt);
    return { question, base: base[i].prediction, tuned: tuned[i].prediction, agent: base[i].reference };
  });
}

function lastQuestion(prompt) {
  return typeof prompt === "string" ? prompt : prompt.at(-1).content;
}

/** Name of the engine that training will run on. */
async function engineInUse(engineFlags, output) {
  const { engine } = await runLathe("doctor", engineFlags, join(output, "doctor.log"));
  return engine;
}

/** The portable engines train on some of the rows only, so that the quick start stays quick. */
function lengthOf(engine, flags) {
  const isSaid = flags.includes("--max-steps") || flags.includes("--epochs");
  return engine === "native" || isSaid ? [] : ["--max-steps", "60"];
}

/** Flags that name the engine go to scoring too. */
function engineFlagsOf(trainFlags) {
  return ["--engine", "--precision", "--quantize"].flatMap((flag) => {
    const at = trainFlags.lastIndexOf(flag);
    return at === -1 ? [] : trainFlags.slice(at, at + 2);
  });
}

async function main(words) {
  if (words.includes("--help") || words.includes("-h")) return say(messages.help);
  const started = performance.now();
  const { properties } = await runLathe("train", ["--print-schema"]);
  const { output: folder = join(root, "runs/customer-service"), trainFlags } = readArguments(
    words,
    properties,
  );
  const output = resolve(folder);
  const engineFlags = engineFlagsOf(trainFlags);
  const data = join(output, "data");
  const run = join(output, "run");
  const adapter = join(run, "adapter");
  const evalFlags = (name) => [
    "--model", model, "--data", join(data, "test.jsonl"), "--metrics", "bleu-char,rouge", "--max-new-tokens", "40",
    "--batch-size", "64", "--predictions-output", join(output, `replies-${name}.jsonl`), ...engineFlags,
  ]; // prettier-ignore
  await mkdir(output, { recursive: true });
  say(messages.title);

  const prepareFlags = [
    "--input", join(here, "data/pairs.jsonl"), "--output", data, "--split", "7:1:2", "--seed", "7", "--model", model,
    "--allow", join(here, "data/public-telephones.txt"), "--overwrite",
  ]; // prettier-ignore
  command(1, messages.prepare, "prepare", prepareFlags);
  const prepared = await runLathe("prepare", prepareFlags);
  say(`   ${messages.split(prepared.splits, prepared.rejected)}`);

  const training = [
    "--config", join(here, "train.yaml"), "--model", model, "--data", join(data, "train.arrow"), "--validation",
    join(data, "validation.arrow"), "--output", run, "--overwrite", ...lengthOf(await engineInUse(engineFlags, output), trainFlags), ...trainFlags,
  ]; // prettier-ignore
  command(2, messages.train, "train", training);
  command(null, messages.meanwhile, "eval", evalFlags("base"));
  const [base] = await Promise.all([
    runLathe("eval", evalFlags("base"), join(output, "score-base.log")),
    runLathe("train", training),
  ]);

  const scoring = [...evalFlags("tuned"), "--adapter", adapter];
  command(3, messages.evaluate, "eval", scoring);
  const tuned = await runLathe("eval", scoring);

  const score = (name, from, digits) => from[name].toFixed(digits);
  const rows = [
    [messages.perplexity, score("perplexity", base, 1), score("perplexity", tuned, 1)],
    [messages.bleu, score("bleu-char", base, 2), score("bleu-char", tuned, 2)],
    ...[["ROUGE-1", "rouge1"], ["ROUGE-2", "rouge2"], ["ROUGE-L", "rougeL"]].map(([title, name]) => [
      title,
      score(name, base, 3),
      score(name, tuned, 3),
    ]),
  ]; // prettier-ignore
  const dialogues = examplesOf(
    await readLines(join(output, "replies-base.jsonl")),
    await readLines(join(output, "replies-tuned.jsonl")),
  );
  const steps = await readLines(join(run, "metrics.jsonl"));
  const page = join(output, "report.html");
  await writeFile(page, reportPage({ messages, language, rows, dialogues, steps }));
  await writeFile(join(output, "report.json"), `${JSON.stringify({ base, tuned, dialogues }, null, 2)}\n`);

  print({ rows, dialogues, page, output, run, adapter });
  say(`\n${messages.took(Math.round((performance.now() - started) / 1000))}`);
}

/** Columns on a terminal that a text takes: Chinese characters take two. */
const columns = (text) =>
  [...text].reduce((sum, sign) => sum + (/[\u1100-\u{1ffff}]/u.test(sign) ? 2 : 1), 0);
const padded = (text, width) => text + " ".repeat(Math.max(0, width - columns(text)));

function print({ rows, dialogues, page, output, run, adapter }) {
  say(`\n${messages.scores}\n`);
  const widths = [0, 1, 2].map((i) => Math.max(...[messages.columns, ...rows].map((row) => columns(row[i]))));
  for (const row of [messages.columns, ...rows])
    say(`  ${row.map((cell, i) => padded(cell, widths[i])).join("   ")}`);

  say(`\n${messages.dialogues}`);
  const label = Math.max(...["question", "base", "tuned", "agent"].map((who) => columns(messages[who])));
  for (const dialogue of dialogues) {
    say();
    for (const who of ["question", "base", "tuned", "agent"]) {
      say(`  ${padded(messages[who], label)}  ${dialogue[who].replaceAll("\n", " ")}`);
    }
  }

  say(`\n${messages.files}`);
  for (const [path, what] of [
    [adapter, messages.adapter],
    [join(run, "metrics.jsonl"), messages.metrics],
    [join(output, "replies-tuned.jsonl"), messages.predictions],
    [page, messages.report],
  ]) {
    say(`  ${shown(path)}  ${what}`);
  }

  const start = `node ${shown(lathe)}`;
  say(`\n${messages.next}`);
  for (const [what, line] of [
    [messages.talk, `${start} chat --model ${shown(model)} --adapter ${shown(adapter)}`],
    [messages.longer, "npm start -- --epochs 6"],
    [
      messages.merge,
      `${start} merge --model ${shown(model)} --adapter ${shown(adapter)} --output runs/merged`,
    ],
    [
      messages.own,
      `${start} prepare --input your-rows.jsonl --output runs/mine --split 7:1:2 --model ${shown(model)}`,
    ],
  ]) {
    say(`  ${line}\n      ${what}`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!interrupted) for (const child of children) child.kill("SIGINT");
  if (![VerbError, NoResultError, ArgumentError].some((known) => error instanceof known)) throw error;
  console.error(error.message);
  process.exitCode = error.code;
}
