/**
 * The two programs of docs/flower.md, as they stand there, go through rounds with a stand-in for Flower's names that they use: the client
 * trains by the built command, the server averages. Needs a Python with PyTorch and safetensors, from LATHE_PYTHON or python3.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readMarkdown } from "./markdown.mjs";
import { root } from "./pnpm.mjs";

const python = process.env["LATHE_PYTHON"] || "python3";
const isPythonThere = spawnSync(python, ["-c", "import torch, safetensors"]).status === 0;
const skipped = isPythonThere ? "" : " (skipped: no Python with PyTorch and safetensors)";

const blocks = readMarkdown(readFileSync(join(root, "docs/flower.md"), "utf8")).blocks;
const [clientApp, serverApp] = blocks.filter(({ language }) => language === "python").map(({ text }) => text);
const [project] = blocks.filter(({ language }) => language === "toml").map(({ text }) => text);

/** What of Flower's names the page uses: arrays and numbers in messages, and a strategy that averages by `num-examples`. */
const flower = {
  "app.py": `
class ArrayRecord:
    def __init__(self, state): self.state = dict(state)
    def to_torch_state_dict(self): return self.state
class MetricRecord(dict): pass
class RecordDict(dict): pass
class Context:
    def __init__(self, run_config, node_config): self.run_config, self.node_config = run_config, node_config
class Message:
    def __init__(self, content, reply_to=None): self.content, self.reply_to = content, reply_to
`,
  "clientapp.py": `
class ClientApp:
    def train(self): return lambda function: setattr(self, "work", function) or function
`,
  "serverapp/__init__.py": `
class Grid: pass
class ServerApp:
    def main(self): return lambda function: setattr(self, "work", function) or function
`,
  "serverapp/strategy.py": `
from types import SimpleNamespace
from ..app import ArrayRecord, Message, RecordDict
class FedAvg:
    def __init__(self, fraction_train, fraction_evaluate): assert (fraction_train, fraction_evaluate) == (1.0, 0.0)
    def start(self, grid, initial_arrays, num_rounds):
        arrays = initial_arrays
        for _ in range(num_rounds):
            replies = [send(Message(RecordDict({"arrays": arrays}))).content for send in grid.clients]
            weights = [reply["metrics"]["num-examples"] for reply in replies]
            grid.rounds.append([(w, reply["metrics"]["train-loss"]) for w, reply in zip(weights, replies)])
            states = [reply["arrays"].to_torch_state_dict() for reply in replies]
            arrays = ArrayRecord({
                name: sum(w * state[name] for w, state in zip(weights, states)) / sum(weights) for name in states[0]
            })
        return SimpleNamespace(arrays=arrays)
`,
};

const program = `
import json, sys
from flwr.app import Context
from flwr.serverapp import Grid
from lathe_flower import client_app, server_app
config, rows = json.loads(sys.argv[1]), sys.argv[2:]
grid = Grid()
grid.rounds = []
grid.clients = [
    lambda message, data=data: client_app.app.work(message, Context(config, {"data": data})) for data in rows
]
server_app.app.work(grid, Context(config, {}))
print(json.dumps(grid.rounds))
`;

const folder = mkdtempSync(join(tmpdir(), "lathe-flower-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string, mode = 0o644): string {
  const file = join(folder, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text, { mode });
  return file;
}

/** Value of a key of the app's config on the page. */
const configured = (key: string): string => {
  const value = new RegExp(`^${key} = (.+)$`, "m").exec(project)?.[1];
  if (value === undefined) throw new Error(`${key} is not in the app's config`);
  return value;
};

describe.skipIf(!isPythonThere)(`Flower's programs${skipped}`, () => {
  it("train an adapter over two owners of rows", { timeout: 300_000 }, () => {
    const main = join(root, "apps/cli/dist/main.js");
    write("bin/lathe", `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, 0o755);
    const environment = {
      ...process.env,
      PATH: [join(folder, "bin"), process.env["PATH"]].join(delimiter),
      PYTHONPATH: folder,
      LC_ALL: "C",
    };
    const run = (file: string, words: readonly string[]): string => {
      const { status, stdout, stderr } = spawnSync(file, words, { cwd: folder, env: environment });
      expect(status, `${words.join(" ")}: ${stderr.toString()}`).toBe(0);
      return stdout.toString();
    };
    write("flwr/__init__.py", "");
    for (const [name, text] of Object.entries(flower)) write(join("flwr", name), text);
    write("lathe_flower/__init__.py", "");
    write("lathe_flower/client_app.py", clientApp);
    write("lathe_flower/server_app.py", serverApp);
    write("federation.py", program);
    const rowsOf = (name: string, count: number): string =>
      write(
        name,
        Array.from({ length: count }, (_, row) => {
          const input_ids = Array.from({ length: 8 }, (_unused, i) => ((row % 3) * 31 + i * 7) % 320);
          return `${JSON.stringify({ input_ids })}\n`;
        }).join(""),
      );
    const rows = [rowsOf("a.jsonl", 6), rowsOf("b.jsonl", 12)];
    const model = join(root, "packages/model/fixtures/models/qwen2");
    run("lathe", [
      ...["train", "--model", model, "--data", rows[0], "--output", "first", "--max-steps", "1"],
      ...["--learning-rate", "1e-9", "--rank", "4", "--samples", "0"],
    ]);
    const config = {
      model,
      "adapter-config": join(folder, "first/adapter/adapter_config.json"),
      "first-adapter": join(folder, "first/adapter/adapter_model.safetensors"),
      rounds: Number(configured("rounds")),
      "local-epochs": Number(configured("local-epochs")),
      // The model is small and knows nothing.
      "learning-rate": 0.02,
      proximal: Number(configured("proximal")),
    };
    expect(Object.keys(config).every((key) => configured(key) !== "")).toBe(true);
    const said = run(python, ["federation.py", JSON.stringify(config), ...rows]);
    // The command's own words come before it.
    const rounds = JSON.parse(said.trim().split("\n").at(-1)!) as number[][][];
    expect(rounds.map((clients) => clients.map(([examples]) => examples))).toEqual([
      [6, 12],
      [6, 12],
    ]);
    // What the server wrote, beside the config of the first, is an adapter under which the rows of both are likelier.
    run("cp", ["adapter_model.safetensors", "first/adapter/adapter_model.safetensors"]);
    for (const data of rows) {
      const lossOf = (...adapter: string[]): number => {
        const words = ["eval", "--model", model, "--data", data, "--json", ...adapter];
        return (JSON.parse(run("lathe", words)) as { loss: number }).loss;
      };
      expect(lossOf("--adapter", "first/adapter")).toBeLessThan(lossOf());
    }
  });
});
