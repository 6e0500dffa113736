import { threefry2x32 } from "@lathe/kernels";
import { attach, parameterTable, trainableParameters } from "@lathe/peft";
import { startEngine, tensorMemory } from "@lathe/tensor";
import { train } from "@lathe/train";
import { type Measurement, type Repeats, summarise } from "../measure.js";
import { type ModelSize, randomModel } from "../random-model.js";

/** What one training step is made of. */
export interface TrainStepOptions extends Repeats {
  readonly size: ModelSize;
  readonly engine: string;
  /** Rows a step, in one micro-batch. */
  readonly batch: number;
  /** Tokens a row, all labelled but for the share of the prompt. */
  readonly sequence: number;
  /** Share of each row that carries no label. */
  readonly promptShare: number;
  readonly targets: readonly string[];
}

/** Speed and memory of LoRA training steps. */
export interface TrainStepResult extends Measurement {
  readonly name: string;
  readonly engine: string;
  readonly trainableParameters: number;
  /** All tokens of a step by its median time. */
  readonly tokensPerSecond: number;
  readonly tensorBytes: number;
  /** Largest resident size of the process so far. */
  readonly peakResidentBytes: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
}

/** LoRA training steps (rank 16, no dropout) on a model of random weights, through the loop that users run. */
export async function trainStep(options: TrainStepOptions): Promise<TrainStepResult> {
  const { size, batch, sequence, promptShare, targets, warmUp, repeats } = options;
  const engine = await startEngine(options.engine);
  const model = randomModel(size);
  attach(model, { rank: 16, alpha: 32, dropout: 0, targets });
  const rows = Array.from({ length: batch }, (_, row) => {
    const inputIds = Int32Array.from(
      { length: sequence },
      (_, i) => threefry2x32([1, 2], [row, i])[0] % model.config.vocabularySize,
    );
    return { inputIds, labels: inputIds.map((id, i) => (i < sequence * promptShare ? -100 : id)) };
  });
  const seconds: number[] = [];
  const losses: number[] = [];
  const steps = train({
    parameters: trainableParameters(model),
    loss: (flat) => model.loss(flat),
    rows: { length: batch, row: (index) => rows[index] },
    config: { batchSize: batch, gradientAccumulation: 1, maxSteps: warmUp + repeats },
  });
  for await (const report of steps) {
    if (report.step > warmUp) seconds.push(report.seconds);
    losses.push(report.loss);
  }
  const measurement = summarise(seconds, warmUp);
  const result: TrainStepResult = {
    name: `train ${size} ${batch}×${sequence}`,
    engine: engine.name,
    ...measurement,
    trainableParameters: parameterTable(model).trainable,
    tokensPerSecond: (batch * sequence) / measurement.median,
    tensorBytes: tensorMemory().bytes,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    firstLoss: losses[0],
    lastLoss: losses[losses.length - 1],
  };
  model.dispose();
  return result;
}
