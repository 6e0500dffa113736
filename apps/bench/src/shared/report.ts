import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "prettier";
import { describeMachine, type Machine } from "../machine.js";
import { isQuietStretch } from "../quiet/stretch.js";
import { describeStretch, wholeRun } from "../quiet/whole-run.js";
import type { Quietness } from "../quiet/quiet-rounds.js";
import type { PeerPython } from "./python.js";
import { formatTable, markdownTable, type Table } from "./table.js";

/** Everything that one run of the command has to tell. */
export interface Report {
  /** Name of the files that are kept, without ending. */
  readonly name: string;
  /** One line: what was measured. */
  readonly title: string;
  /** The case's own result, as the JSON line has it. */
  readonly result: object;
  readonly tables: readonly Table[];
  /** Of the rounds, where the case looks at the machine around each; else that of the whole run is told. */
  readonly quietness?: Quietness;
  /** Sentences that belong to the tables. */
  readonly notes: readonly string[];
}

/** What a report is put into: where, with what, by which case. */
export interface ReportContext {
  readonly case: string;
  readonly options: object;
  readonly python: PeerPython | null;
  /** Folder to keep results in, or none. */
  readonly save: string | undefined;
}

function machineLine({ processor, cores, memoryGiB, platform }: Machine): string {
  return `${processor}, ${cores} ${cores === 1 ? "core" : "cores"}, ${memoryGiB} GiB, ${platform}`;
}

/** Modules of peers as their makers write them. */
const moduleTitles: Readonly<Record<string, string>> = {
  torch: "PyTorch",
  transformers: "Transformers",
  peft: "PEFT",
  numpy: "NumPy",
};

function versionsLine({ node, tfjs }: Machine, python: PeerPython | null): string {
  const own = `Node ${node.replace(/^v/, "")}, TensorFlow.js ${tfjs}`;
  if (!python) return own;
  const { python: language, ...modules } = python.versions;
  const others = Object.entries(modules).map(([name, version]) => `${moduleTitles[name] ?? name} ${version}`);
  return [`${own}; Python ${language}`, ...others].join(", ");
}

/** Flags that say where a measurement is put or by what, and nothing of the measurement. */
const localFlags = ["--save", "--python"];

/** The command as another machine would be given it. */
export function commandLine(name: string, words: readonly string[]): string {
  const kept = words.filter((word, index) => {
    const flag = localFlags.find((local) => word === local || word.startsWith(`${local}=`));
    return flag === undefined && !localFlags.includes(words[index - 1] ?? "");
  });
  return ["pnpm bench", name, ...kept].join(" ");
}

/** Prints the table for people on stderr and the object on stdout, and keeps both where asked; the words after the case are those of this process. */
export async function publish(report: Report, context: ReportContext): Promise<void> {
  const machine = describeMachine();
  const date = new Date().toISOString().slice(0, 10);
  const stretch = wholeRun();
  const isQuiet = report.quietness?.isQuiet ?? (stretch === null || isQuietStretch(stretch));
  const title = isQuiet ? report.title : `Not quiet: ${report.title}`;
  const notes = [
    ...report.notes,
    ...(report.quietness === undefined && stretch !== null ? [describeStretch(stretch)] : []),
  ];
  const json = {
    case: context.case,
    date,
    command: commandLine(context.case, process.argv.slice(3)),
    options: context.options,
    machine,
    isQuiet,
    peerVersions: context.python?.versions ?? null,
    ...report.result,
  };
  console.error(
    [
      "",
      title,
      machineLine(machine),
      versionsLine(machine, context.python),
      ...report.tables.map((table) => `\n${formatTable(table)}`),
      ...(notes.length > 0 ? ["", ...notes] : []),
    ].join("\n"),
  );
  if (context.save !== undefined) {
    const page = [
      `# ${title}`,
      `${date}, ${machineLine(machine)}. ${versionsLine(machine, context.python)}.`,
      `\`\`\`sh\n${json.command}\n\`\`\``,
      ...report.tables.map(markdownTable),
      ...notes,
    ].join("\n\n");
    const pretty = { printWidth: 110 };
    await mkdir(context.save, { recursive: true });
    const stem = join(context.save, report.name);
    await writeFile(`${stem}.json`, await format(JSON.stringify(json), { ...pretty, parser: "json" }));
    await writeFile(`${stem}.md`, await format(page, { ...pretty, parser: "markdown" }));
    console.error(`\nKept as ${stem}.json and ${stem}.md`);
  }
  console.log(JSON.stringify(json));
}
