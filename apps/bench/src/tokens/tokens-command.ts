import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { qwenTokenizer } from "../data/qwen-tokenizer.js";
import { rowFile } from "../data/row-file.js";
import { cacheFlag, cacheFolder, peerPython, saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { runPeer } from "../shared/run-peer.js";
import { comparisonTable, type Table } from "../shared/table.js";
import type { TokensJob, TokensOutcome } from "./tokens-job.js";

const PEER_MODULES = ["tokenizers"];
/** Of the speed of the Rust tokenizer. */
const LEAST_SPEED = 1;

interface TokensFlags {
  readonly rows: number;
  readonly threads: number;
  readonly seed: number;
  readonly tokenizer: string;
  readonly cache: string;
  readonly python?: string;
  readonly peer: boolean;
  readonly peerTimeout: number;
  readonly save?: string;
}

interface TokensSummary extends TokensOutcome {
  readonly name: string;
}

/** Adds `bench tokens`. */
export function addTokensCommand(program: Command): void {
  program
    .command("tokens")
    .description(
      `Texts of generated dialogues to token ids on threads, beside the Rust tokenizer from Python on as many; fails where ids differ, and below ${LEAST_SPEED} x its speed`,
    )
    .option("--rows <count>", "dialogues", whole(1), 50_000)
    .option("--threads <count>", "of either", whole(1), 2)
    .option("--seed <seed>", "of the rows", whole(0), 7)
    .option("--tokenizer <folder>", "with tokenizer.json; Qwen3's unless given", qwenTokenizer)
    .addOption(cacheFlag("generated rows", "rows"))
    .option("--python <path>", `Python with ${PEER_MODULES.join(", ")}; else LATHE_PYTHON, else python3`)
    .option("--no-peer", "measure Lathe alone")
    .addOption(
      new Option("--peer-timeout <seconds>", "time that the peer has").argParser(whole(1)).default(1800),
    )
    .addOption(saveFlag())
    .action(runTokens);
}

async function runTokens(flags: TokensFlags): Promise<void> {
  const { rows, threads, seed, peerTimeout, save } = flags;
  const python = await peerPython(flags, PEER_MODULES);
  const file = await rowFile(await cacheFolder(flags), rows, seed);
  const job: TokensJob = { file, tokenizer: resolve(flags.tokenizer), threads };
  const lathe: TokensSummary = { name: "lathe", ...(await runContestant<TokensOutcome>("tokens", job)) };
  let peers: (TokensSummary | { readonly name: string; readonly failure: string })[] = [];
  if (python !== null) {
    console.error("tokenizers …");
    const ran = await runPeer<TokensOutcome>(python, "peer_tokens.py", job, peerTimeout);
    peers = [{ name: "tokenizers", ...("outcome" in ran ? ran.outcome : { failure: ran.failure }) }];
  }
  const holds = peers.every(
    (peer) =>
      "failure" in peer || (peer.check === lathe.check && peer.seconds >= LEAST_SPEED * lathe.seconds),
  );
  await publish(
    {
      name: ["tokens", rows, threads].join("-"),
      title: `Texts of ${rows} generated dialogues to token ids on ${threads} threads`,
      result: { lathe, peers, holds },
      tables: [tokensTable(lathe, peers)],
      notes: ["Tokenizers are loaded before; ids that differ in any place have another check."],
    },
    { case: "tokens", options: { rows, threads, seed, peerTimeout }, python, save },
  );
  if (!holds) process.exitCode = 1;
}

/** The contestants on the same texts. */
export function tokensTable(
  own: TokensSummary,
  peers: readonly (TokensSummary | { readonly name: string; readonly failure: string })[],
): Table {
  return comparisonTable(own, peers, {
    columns: [`${own.texts} texts`, "seconds", "tokens/s", "tokens", "check", "peak MiB"],
    title: (name) => name,
    cells: ({ seconds, tokens, check, peakResidentBytes }) => [
      seconds.toFixed(2),
      (tokens / seconds).toFixed(0),
      String(tokens),
      String(check),
      (peakResidentBytes / 2 ** 20).toFixed(0),
    ],
    speed: (peer) => peer.seconds / own.seconds,
  });
}
