import type { Command } from "commander";
import { saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { compareOperations } from "./compare-operations.js";

interface LedgerFlags {
  readonly engine: string;
  readonly precision: string;
  readonly reference: string;
  readonly repeats: number;
  readonly save?: string;
}

/** How far an engine may be from the reference, as a share of the largest magnitude. */
const TOLERANCES: Readonly<Record<string, number>> = { fp32: 1e-4, fp16: 2e-2, bf16: 2e-2, int8: 5e-2 };

/** Adds `bench ledger`. */
export function addLedgerCommand(program: Command): void {
  program
    .command("ledger")
    .description(
      "Every operation, forward and backward, beside the same on another engine; fails beyond the tolerance",
    )
    .requiredOption("--engine <name>", "engine to hold to the reference")
    .option("--precision <name>", "of its products: auto, or one that it offers", "auto")
    .option("--reference <name>", "engine that it is held to, in fp32", "native")
    .option("--repeats <times>", "repetitions that are timed, after one that is not", whole(1), 10)
    .addOption(saveFlag())
    .action(runLedger);
}

async function runLedger(flags: LedgerFlags): Promise<void> {
  const { engine, reference, repeats, save } = flags;
  const { description, precision, entries } = await compareOperations(
    { engine, precision: flags.precision },
    { engine: reference, precision: "fp32" },
    repeats,
  );
  const tolerance = TOLERANCES[precision];
  const passes = ({ outputError, gradientError }: (typeof entries)[number]): boolean =>
    outputError <= tolerance && gradientError <= tolerance;
  const failed = entries.filter((entry) => !passes(entry));
  await publish(
    {
      name: `ledger-${engine}-${precision}`,
      title: `Operations on ${engine} (${description}), products in ${precision}, beside ${reference} in fp32`,
      result: {
        engine,
        engineDescription: description,
        precision,
        reference,
        tolerance,
        entries,
        passed: failed.length === 0,
      },
      tables: [
        {
          columns: ["operation", "output error", "gradient error", "ms", `${reference} ms`, "within"],
          rows: entries.map((entry) => [
            entry.operation,
            entry.outputError.toExponential(1),
            entry.gradientError.toExponential(1),
            entry.milliseconds.toFixed(2),
            entry.referenceMilliseconds.toFixed(2),
            passes(entry) ? "yes" : "NO",
          ]),
        },
      ],
      notes: [
        `Errors are shares of the largest magnitude; the tolerance is ${tolerance}.`,
        ...failed.flatMap(({ operation, fault }) => (fault === null ? [] : [`${operation}: ${fault}`])),
      ],
    },
    { case: "ledger", options: flags, python: null, save },
  );
  if (failed.length > 0) process.exitCode = 1;
}
