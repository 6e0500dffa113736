import { arch, freemem, platform, release, totalmem } from "node:os";
import { asPhrase, type Phrase } from "@lathe/files";
import {
  type InstalledBinding,
  installedBinding,
  listEngines,
  nvidiaCard,
  type NvidiaCard,
  peakResidentBytes,
  type Precision,
  tensorMemory,
  type TensorMemory,
} from "@lathe/tensor";
import { inspectModel, type ModelInspection } from "../inspect-model.js";
import { type MachineRule, machineRules } from "../machine-rules.js";
import { type EngineOptions, engineOf } from "../model/open-model.js";
import type { RecipeHooks } from "../recipe-event.js";
import { packageVersions } from "./package-versions.js";
import { inspectProcessor, type Processor } from "./processor.js";

/** What {@link inspectMachine} looks at besides the machine. */
export interface InspectMachineOptions extends Omit<EngineOptions, "quantize">, Pick<RecipeHooks, "onEvent"> {
  /** Model folder to check, and to hold the machine to. */
  readonly model?: string | undefined;
  /** Rows to hold the machine to: a file, a folder or a pattern. */
  readonly data?: string | undefined;
}

/** An engine that there is, whether or not it runs here. */
export interface EngineFound {
  readonly name: string;
  /** Why it does not run here; null where it does. */
  readonly reason: Phrase | null;
  /** What it is and where it runs. */
  readonly description: Phrase;
  /** Precisions of products that it offers, the default first. */
  readonly precisions: readonly Precision[];
}

/** The TensorFlow that was set up, or why none is in use. */
export type TensorFlowFound =
  | { readonly installed: InstalledBinding; readonly cards: NvidiaCard | null }
  | { readonly installed: null; readonly reason: Phrase };

/** What a machine offers; sizes are bytes. */
export interface MachineInspection {
  readonly node: string;
  /** Name of the system and of the kind of its processor. */
  readonly platform: string;
  /** Release of the system. */
  readonly system: string;
  readonly processor: Processor;
  readonly memory: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    /** Of this process. */
    readonly processBytes: number;
    readonly peakProcessBytes: number;
  };
  /** The engine that was started. */
  readonly engine: {
    readonly name: string;
    readonly precision: Precision;
    /** Operations that it has kernels of its own for, by name. */
    readonly kernels: readonly string[];
  };
  /** All engines, in the order in which they are tried. */
  readonly engines: readonly EngineFound[];
  readonly tensorFlow: TensorFlowFound;
  /** Of the tensors of the engine that was started. */
  readonly tensorMemory: TensorMemory;
  /** Of packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Rules of thumb for the model and the rows. */
  readonly rules: readonly MachineRule[];
  /** Null where none was to be checked. */
  readonly model: ModelInspection | null;
}

/**
 * Says what this machine offers: engines and why those do not run that do not, processor, memory, TensorFlow, versions. With a
 * model its folder is checked without its weights being read, and the machine is held to it.
 *
 * @throws EngineError where the engine that is asked for does not run here
 * @throws ModelConfigError, WeightsError, TokenizerError, FileError
 */
export async function inspectMachine(options: InspectMachineOptions = {}): Promise<MachineInspection> {
  const { model, data, onEvent } = options;
  const inspected = model === undefined ? null : await inspectModel(model);
  const engines = await Promise.all(
    listEngines().map(async (engine) => {
      const found = await engine.probe();
      const { name, precisions } = engine;
      const reason = found === null ? null : asPhrase(found);
      return { name, reason, description: asPhrase(engine.description), precisions };
    }),
  );
  const started = await engineOf(options, onEvent);
  const tensorFlow = findTensorFlow();
  const cardBytes = tensorFlow.installed?.cuda?.device.memoryBytes || null;
  return {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    system: release(),
    processor: await inspectProcessor(),
    memory: {
      totalBytes: totalmem(),
      freeBytes: freemem(),
      processBytes: process.memoryUsage.rss(),
      peakProcessBytes: peakResidentBytes(),
    },
    engine: {
      name: started.name,
      precision: started.precision,
      kernels: [...started.kernels.keys()].sort(),
    },
    engines,
    tensorFlow,
    tensorMemory: tensorMemory(),
    versions: packageVersions(),
    rules: await machineRules({ model, data, cardBytes }),
    model: inspected,
  };
}

function findTensorFlow(): TensorFlowFound {
  const found = installedBinding();
  if ("reason" in found) return { installed: null, reason: found.reason };
  return { installed: found, cards: nvidiaCard() };
}
