import { readFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";

/** What the engines, present and to come, look at; the names are Linux's. */
const FEATURES =
  /^(sse4_2|avx|avx2|fma|f16c|avx512f|avx512bw|avx512vl|avx512_vnni|avx_vnni|avx512_bf16|amx_bf16|amx_int8|neon|asimd|asimddp|bf16|i8mm|sve)$/;

/** The processor of this machine. */
export interface Processor {
  /** As its maker calls it; null where the system does not tell. */
  readonly model: string | null;
  /** Threads that this process may use. */
  readonly threads: number;
  /** Features that engines look at, by Linux's names; null where the system does not tell. */
  readonly features: readonly string[] | null;
}

/** The features that engines look at in a text of the form of Linux's `/proc/cpuinfo`; null where it names none at all. */
export function processorFeatures(text: string): string[] | null {
  const flags = /^(?:flags|Features)[^\S\n]*:(.*)$/m.exec(text)?.[1];
  return flags?.split(/\s+/).filter((flag) => FEATURES.test(flag)) ?? null;
}

/** Looks at the processor. */
export async function inspectProcessor(): Promise<Processor> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const model = cpus().at(0)?.model.trim();
  return { model: model ?? null, threads: availableParallelism(), features: processorFeatures(text) };
}
