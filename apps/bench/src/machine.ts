import { cpus, loadavg, totalmem } from "node:os";
import { version_core } from "@tensorflow/tfjs-core";

/** Where and with what a measurement was taken. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  readonly tfjs: string;
  /** Processes that wanted a processor in the minute before the measurement; 0 where the system does not tell. */
  readonly loadAverage: number;
}

/** Taken before anything runs. */
const loadAtStart = loadavg()[0];

/** Share of the processors that others may use before a measurement is called disturbed. */
const QUIET = 0.25;

/** Whether other programs were busy before the measurement. */
export function isDisturbed({ loadAverage, cores }: Machine): boolean {
  return loadAverage > cores * QUIET;
}

/** The machine at hand. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    tfjs: version_core,
    loadAverage: Math.round(loadAtStart * 100) / 100,
  };
}
