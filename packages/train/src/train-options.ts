import type { OnWarning } from "@lathe/files";
import type { WalkedModel } from "@lathe/model";
import type { LossScaleConfig } from "./loss-scale.js";
import type { OriginSearch } from "./non-finite-origin.js";
import type { Objective } from "./objective.js";
import type { CreateOptimiser } from "./optimiser.js";
import type { TrainableParameter } from "./parameter.js";
import type { ParameterSampling } from "./parameter-sampling.js";
import type { Reduce } from "./reduce.js";
import type { RowSource } from "./row-source.js";
import type { IntactCheckpoint, RunFolder } from "./run-folder.js";
import type { Schedule } from "./schedule.js";
import type { StatePart } from "./state-part.js";
import type { TrainConfig } from "./train-config.js";
import type { StreamStore } from "./walk/stream-store.js";

/** What `train` works on. */
export interface TrainOptions<Row, Batch> {
  readonly parameters: readonly TrainableParameter[];
  /** What is made small, e.g. `supervised(model)`. */
  readonly objective: Objective<Row, Batch>;
  readonly rows: RowSource<Row>;
  /** Rows for evaluation; their mean loss a unit is reported. None of them, and nothing is evaluated. */
  readonly validation?: RowSource<Row>;
  readonly config?: Partial<TrainConfig>;
  /** Strength μ of the term μ/2 ‖θ − θ₀‖² that draws the parameters back to where the run began (FedProx). @defaultValue 0 */
  readonly proximal?: number;
  /** Which parameters a step trains, where not all of them are; others have neither gradients nor moments. */
  readonly sampling?: ParameterSampling;
  /** Makes the optimiser. @defaultValue the one that `config` names, with its constants */
  readonly optimiser?: CreateOptimiser;
  /**
   * The model of the objective, where its layers are there one at a time: all micro-batches of a step then pass a layer before
   * the next, to the same bits. The objective must have a `pass`.
   */
  readonly walk?: WalkedModel;
  /** Keeps residual streams between the layers in a walk. @defaultValue in memory */
  readonly streams?: StreamStore;
  /** Learning rate of a step. @defaultValue the one that `config` names */
  readonly schedule?: Schedule;
  /** Makes one update of the gradients of several processes. */
  readonly reduce?: Reduce;
  /**
   * Numbers of so many micro-batches, of a step or of an evaluation, that this process computes, in rising order; none is allowed with
   * `reduce`. Rows and dropout masks belong to the number of the micro-batch, whoever computes it. It is asked once a step, then with the
   * tokens of each of the micro-batches. @defaultValue all
   */
  readonly share?: (microBatches: number, tokens?: readonly number[]) => readonly number[];
  /** Where metrics and checkpoints go; without it nothing is written. */
  readonly run?: RunFolder;
  /**
   * Whether checkpoints are written into `run`. Without them it is the copy that another process's run has with this one: the two
   * take the same decisions from the same metrics. @defaultValue true
   */
  readonly savesCheckpoints?: boolean;
  /** How parameters are stored in checkpoints. @defaultValue one safetensors file */
  readonly files?: StatePart;
  /** Further parts of checkpoints, by name. */
  readonly state?: Readonly<Record<string, StatePart>>;
  /** Continues from the run's newest intact checkpoint, if it has any. */
  readonly resume?: boolean;
  /** Hears which checkpoint a resumed run goes on from, and which newer ones are damaged. */
  readonly onResume?: (checkpoint: IntactCheckpoint) => void;
  /** Ends the run between micro-batches (with `reduce`: between steps); the last complete step is checkpointed. */
  readonly signal?: AbortSignal;
  /**
   * Scales the loss before it is differentiated, dynamically, for products in half precision; steps whose gradients
   * overflow are skipped. Without it nothing is scaled.
   */
  readonly lossScale?: Partial<LossScaleConfig>;
  /**
   * Looks for where a step stopped being finite, `originSearch` for one. Only bad steps ask for it.
   * @defaultValue parameters alone are looked at
   */
  readonly origin?: OriginSearch;
  /** A setting that is allowed and hardly meant, or a step that was skipped for its loss scale. */
  readonly onWarning?: OnWarning;
  /** Rows evaluated so far. */
  readonly onEvaluation?: (done: number, total: number) => void;
}
