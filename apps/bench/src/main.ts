#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { addAnnotateCommand } from "./annotate/annotate-command.js";
import { addAnswerCommand } from "./answer/answer-command.js";
import { addCheckpointsCommand } from "./checkpoints/checkpoints-command.js";
import { addDataCommand } from "./data/data-command.js";
import { addEvaluateCommand } from "./evaluate/evaluate-command.js";
import { addExpertsCommand } from "./experts/experts-command.js";
import { addNearCommand } from "./data/near-command.js";
import { addGemmCommand } from "./gemm/gemm-command.js";
import { addGenerateCommand } from "./generate/generate-command.js";
import { addLedgerCommand } from "./ledger/ledger-command.js";
import { addLoadCommand } from "./load/load-command.js";
import { addPlanCommand } from "./plan/plan-command.js";
import { addLlamaCommand } from "./llama/llama-command.js";
import { addMicroBatchesCommand } from "./micro-batches/micro-batches-command.js";
import { addOptimisersCommand } from "./optimisers/optimisers-command.js";
import { addScalingCommand } from "./scaling/scaling-command.js";
import { addScoresCommand } from "./scores/scores-command.js";
import { addServeCommand } from "./serve/serve-command.js";
import { addServeSoakCommand } from "./serve/serve-soak-command.js";
import { ContestantError } from "./shared/run-contestant.js";
import { endProcesses } from "./shared/run-process.js";
import { addStreamedPlanCommand } from "./streamed-plan/streamed-plan-command.js";
import { isInputError } from "./shared/usage-error.js";
import { addSoakCommand } from "./soak/soak-command.js";
import { addTokensCommand } from "./tokens/tokens-command.js";
import { addTrainCommand } from "./train/train-command.js";

const program = new Command("bench")
  .description("Measures Lathe. People's output goes to stderr, the last line on stdout is one JSON object.")
  .exitOverride();
addTrainCommand(program);
addGemmCommand(program);
addGenerateCommand(program);
addLlamaCommand(program);
addLoadCommand(program);
addLedgerCommand(program);
addExpertsCommand(program);
addAnswerCommand(program);
addSoakCommand(program);
addMicroBatchesCommand(program);
addOptimisersCommand(program);
addCheckpointsCommand(program);
addPlanCommand(program);
addStreamedPlanCommand(program);
addDataCommand(program);
addNearCommand(program);
addTokensCommand(program);
addAnnotateCommand(program);
addScalingCommand(program);
addScoresCommand(program);
addEvaluateCommand(program);
addServeCommand(program);
addServeSoakCommand(program);

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    endProcesses();
    process.exit(code);
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed what was wrong, or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof ContestantError) {
    process.exitCode = error.exitCode;
  } else if (isInputError(error)) {
    console.error(error.message);
    process.exitCode = 2;
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
