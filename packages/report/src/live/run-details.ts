import { join } from "node:path";
import { isRecord, readJsonIfThere, readLines, statIfThere } from "@lathe/files";
import type { SampleReplies } from "../page/samples.js";
import { faultText, metricsLineOf, readSettings, type RunFault } from "./run-overview.js";

/** What a run says of itself besides its metrics. */
export interface RunDetails {
  readonly settings: Readonly<Record<string, unknown>> | null;
  /** What it came to and came from, where it has ended. */
  readonly report: Readonly<Record<string, unknown>> | null;
  readonly samples: readonly SampleReplies[];
  readonly faults: readonly RunFault[];
}

/** Largest report that is read, in bytes. */
const REPORT_BYTES_LIMIT = 16 * 1024 * 1024;

/** Replies over time that are shown of a prompt. */
const MOST_MOMENTS = 40;

/** Characters of a text that are shown. */
const MOST_CHARACTERS = 4000;

/** Reads what a run says of itself. */
export async function readDetails(folder: string): Promise<RunDetails> {
  const settings = await readSettings(folder);
  const report = await readReport(folder);
  const { samples, fault } = await readSamples(join(folder, "samples.jsonl"));
  return {
    settings: settings.values,
    report: report.values,
    samples,
    faults: [settings.fault, report.fault, fault].filter((one) => one !== null),
  };
}

async function readReport(folder: string): Promise<{
  readonly values: Readonly<Record<string, unknown>> | null;
  readonly fault: RunFault | null;
}> {
  try {
    const value = await readJsonIfThere(join(folder, "report.json"), { limit: REPORT_BYTES_LIMIT });
    if (value === undefined) return { values: null, fault: null };
    if (isRecord(value)) return { values: value, fault: null };
    return { values: null, fault: { kind: "report", detail: "not an object" } };
  } catch (error) {
    return { values: null, fault: { kind: "report", detail: faultText(error) } };
  }
}

const cut = (text: unknown): string => (typeof text === "string" ? text.slice(0, MOST_CHARACTERS) : "");

/** Replies of a step, of as many as are shown. */
interface Moment {
  readonly step: number;
  readonly replies: readonly unknown[];
}

async function readSamples(
  path: string,
): Promise<{ readonly samples: SampleReplies[]; readonly fault: RunFault | null }> {
  let prompts: readonly unknown[] = [];
  let moments: Moment[] = [];
  /** Of so many moments one is kept. */
  let every = 1;
  let count = 0;
  let last: Moment | null = null;
  try {
    if ((await statIfThere(path)) === null) return { samples: [], fault: null };
    for await (const lines of readLines(path)) {
      for (const { text, error } of lines) {
        const line = error === undefined ? metricsLineOf(text) : null;
        if (line === null) continue;
        if (Array.isArray(line["prompts"])) prompts = line["prompts"] as unknown[];
        if (!Array.isArray(line["replies"])) continue;
        last = { step: line["step"] as number, replies: line["replies"] as unknown[] };
        if (count++ % every === 0) moments.push(last);
        if (moments.length <= MOST_MOMENTS) continue;
        moments = moments.filter((_, at) => at % 2 === 0);
        every *= 2;
      }
    }
  } catch (error) {
    return { samples: [], fault: { kind: "folder", detail: faultText(error) } };
  }
  if (last !== null && moments.at(-1) !== last) moments.push(last);
  const most = Math.max(prompts.length, ...moments.map(({ replies }) => replies.length));
  const samples = Array.from({ length: Math.max(0, most) }, (_, index): SampleReplies => {
    const asked = prompts[index];
    const { prompt, reference } = isRecord(asked) ? asked : {};
    return {
      prompt: cut(prompt),
      reference: typeof reference === "string" ? cut(reference) : null,
      replies: moments.map(({ step, replies }) => ({ step, text: cut(replies[index]) })),
    };
  });
  return { samples, fault: null };
}
