import { expectedTensors } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { optimizerNames } from "@lathe/train";
import type { Command } from "commander";
import { engineFlag, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import { modelConfig, type ModelSize } from "../shared/model-sizes.js";
import { publish } from "../shared/report.js";
import { measureOptimiser, type OptimiserOutcome } from "./measure-optimiser.js";

interface OptimisersFlags {
  readonly engine: string;
  readonly size: ModelSize;
  readonly repeats: number;
  readonly save?: string;
}

/** Adds `bench optimisers`. */
export function addOptimisersCommand(program: Command): void {
  program
    .command("optimisers")
    .description(
      "Time of an update of all weights and bytes of state a parameter, optimiser by optimiser; fails where a plan counts other bytes",
    )
    .addOption(engineFlag())
    .addOption(sizeFlag("mini"))
    .option("--repeats <updates>", "updates measured", whole(1), 10)
    .addOption(saveFlag())
    .action(runOptimisers);
}

async function runOptimisers({ engine: name, size, repeats, save }: OptimisersFlags): Promise<void> {
  const engine = await startEngine(name);
  const shapes = [...expectedTensors(modelConfig(size)).values()];
  const measured: OptimiserOutcome[] = [];
  for (const optimizer of optimizerNames) {
    console.error(`${optimizer} …`);
    measured.push(await measureOptimiser(optimizer, shapes, { warmUp: 2, repeats }));
  }
  const fastest = Math.min(...measured.map(({ processor }) => processor.median));
  const passed = measured.every(({ stateBytes, plannedBytes }) => stateBytes === plannedBytes);
  await publish(
    {
      name: `optimisers-${size}`,
      title: `An update of all ${measured[0].parameters} parameters of ${size} dimensions`,
      result: { engine: engine.name, measured, passed },
      tables: [
        {
          columns: ["optimiser", "state bytes a parameter", "ms", "±", "ms of processors", "of the least"],
          rows: measured.map(({ optimizer, bytesPerParameter, clock, processor }) => [
            optimizer,
            bytesPerParameter.toFixed(3),
            (1000 * clock.median).toFixed(1),
            `${(100 * clock.spread).toFixed(1)} %`,
            (1000 * processor.median).toFixed(1),
            `${(processor.median / fastest).toFixed(2)} ×`,
          ]),
        },
      ],
      notes: [
        `Engine ${engine.name} (${engine.description}).`,
        passed ? "A plan counts the same bytes." : "A plan counts other bytes than the states have.",
      ],
    },
    { case: "optimisers", options: { engine: name, size, repeats }, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}
