import { join } from "node:path";
import { filesBelow, hashFile, isRecord, parseJson, readLines } from "@lathe/files";
import { openSafetensors } from "@lathe/model";

/** Where two runs differ that should not: the first file, and the first tensor or number in it. */
export interface RunDifference {
  /** Path within the run. */
  readonly file: string;
  /** Name of a tensor, or step and key of a line of metrics; null where the file as a whole differs. */
  readonly place: string | null;
}

/** What is different in each run: times, memory, and where the run lies. */
const measured: readonly string[] = [
  "seconds",
  "tokensPerSecond",
  "tensorBytes",
  "peakTensorBytes",
  "residentBytes",
  "peakResidentBytes",
  "checkpoint",
];

/**
 * Compares what two runs have come to after a step, bit by bit: what is trained, moments, the other parts of their state,
 * metrics, and what the finished run wrote.
 * @returns the first difference; null where there is none
 */
export async function firstDifference(
  whole: string,
  other: string,
  step: number,
): Promise<RunDifference | null> {
  const state = join("checkpoints", `step-${step}`);
  const results = (await foldersOfResult(whole)).sort();
  return (
    (await differenceBelow(whole, other, state, ["state.json"])) ??
    (await differenceOfMetrics(whole, other, step)) ??
    (await firstOf(results, (folder) => differenceBelow(whole, other, folder, [])))
  );
}

/** Folders of a run besides its result: event files are named by process and say when each number was written. */
const otherFolders: readonly string[] = ["checkpoints", "tensorboard"];

/** Folders of an adapter or a model at the end of a run. */
async function foldersOfResult(run: string): Promise<string[]> {
  const files = await filesBelow(run);
  const folders = files.flatMap((file) => (file.includes("/") ? [file.slice(0, file.indexOf("/"))] : []));
  return [...new Set(folders)].filter((folder) => !otherFolders.includes(folder) && !folder.startsWith("."));
}

async function firstOf<Item>(
  items: readonly Item[],
  differenceOf: (item: Item) => Promise<RunDifference | null>,
): Promise<RunDifference | null> {
  for (const item of items) {
    const difference = await differenceOf(item);
    if (difference) return difference;
  }
  return null;
}

async function differenceBelow(
  whole: string,
  other: string,
  folder: string,
  without: readonly string[],
): Promise<RunDifference | null> {
  const [expected, found] = await Promise.all(
    [whole, other].map((run) => filesBelow(join(run, folder)).catch((): string[] => [])),
  );
  const names = [...new Set([...expected, ...found])].sort().filter((name) => !without.includes(name));
  return await firstOf(names, async (name) => {
    const file = join(folder, name);
    if (!expected.includes(name) || !found.includes(name)) return { file, place: null };
    const paths = [join(whole, file), join(other, file)] as const;
    const [before, after] = await Promise.all(paths.map((path) => hashFile(path)));
    if (before.sha256 === after.sha256) return null;
    return { file, place: name.endsWith(".safetensors") ? await differentTensor(...paths) : null };
  });
}

/** Name of the first tensor that differs; null where something else in the files does. */
async function differentTensor(path: string, otherPath: string): Promise<string | null> {
  const file = await openSafetensors(path);
  const other = await openSafetensors(otherPath);
  try {
    const others = new Set(other.names());
    for (const name of file.names()) {
      if (!others.has(name)) return name;
      const [a, b] = await Promise.all([file.readRaw(name), other.readRaw(name)]);
      if (Buffer.compare(a.bytes, b.bytes) !== 0) return name;
    }
    return other.names().find((name) => !file.names().includes(name)) ?? null;
  } finally {
    await file.close();
    await other.close();
  }
}

async function differenceOfMetrics(
  whole: string,
  other: string,
  step: number,
): Promise<RunDifference | null> {
  const file = "metrics.jsonl";
  const [expected, found] = await Promise.all([whole, other].map((run) => numbersOf(join(run, file))));
  for (let index = 0; index < Math.max(expected.length, found.length); index++) {
    const [before = {}, after = {}] = [expected[index], found[index]];
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (measured.includes(key) || JSON.stringify(before[key]) === JSON.stringify(after[key])) continue;
      return { file, place: `step ${Math.min(index + 1, step)}: ${key}` };
    }
  }
  return null;
}

/** Lines of metrics; one that is no object has its text as its only value. */
async function numbersOf(path: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for await (const lines of readLines(path)) {
    for (const { text } of lines) found.push(asRecord(text));
  }
  return found;
}

function asRecord(text: string): Record<string, unknown> {
  try {
    const value = parseJson(text);
    return isRecord(value) ? value : { text };
  } catch {
    return { text };
  }
}
