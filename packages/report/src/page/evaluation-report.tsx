import type { ComponentChildren } from "preact";
import { type Chart, smoothed } from "./chart.js";
import { Facts } from "./facts.js";
import { htmlPage } from "./html-page.js";
import type { MetricsLine } from "./metrics-line.js";
import { visibleValues } from "./visible-values.js";
import { wordDifferences } from "./word-differences.js";
import { type ReportLanguage, type Words, words } from "./words.js";

/** A number, and what 95 % of resampled rows give. */
export interface ReportedScore {
  readonly score: number;
  readonly interval: readonly [number, number] | null;
}

/** How a system differs from the first. */
export interface ReportedDifference {
  readonly system: string;
  readonly difference: number;
  readonly interval: readonly [number, number];
  readonly pValue: number;
}

/** A line of the table of scores. */
export interface ReportedMetric {
  readonly name: string;
  readonly signature: string;
  /** One a system; null where a system has none. */
  readonly scores: readonly (ReportedScore | null)[];
  /** One for each system but the first; none where they are not compared. */
  readonly differences: readonly ReportedDifference[];
}

/** How well labels were told. */
export interface ReportedLabels {
  /** Shares from 0 to 1. */
  readonly labels: readonly {
    readonly label: string;
    /** Rows whose true label it is. */
    readonly support: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
  }[];
  /** `[true][told]`: rows, in the order of the labels; rows of which none of them was told are in no column. */
  readonly confusion: readonly (readonly number[])[];
}

/** A system: the model, or the model with an adapter. */
export interface ReportedSystem {
  readonly name: string;
  /** Perplexity of the rows by byte and by character; null where it is not known. */
  readonly bytePerplexity: number | null;
  readonly characterPerplexity: number | null;
  /** How fast it replied; null where it did not reply. */
  readonly pace: {
    readonly replies: number;
    readonly tokens: number;
    readonly tokensPerSecond: number | null;
    readonly firstTokenSeconds: number;
    /** Replies at one time; null where it is not known. */
    readonly batchSize: number | null;
    readonly cut: number;
  } | null;
  /** Null where no metric is one of labels. */
  readonly labels: ReportedLabels | null;
  /** Scores under the rule for `<think>` blocks that was not chosen; null where no row has any. */
  readonly otherRule: {
    readonly rule: "keep" | "strip";
    /** Rows that have such blocks. */
    readonly rows: number;
    readonly scores: Readonly<Record<string, number>>;
  } | null;
  /** `[row]`: score of each row by the first of the metrics, and tokens of each reply; empty where there are none. */
  readonly rowScores: readonly number[];
  readonly rowTokens: readonly number[];
  /** The run that its adapter came from. */
  readonly run: {
    readonly facts: Readonly<Record<string, unknown>>;
    readonly metrics: readonly MetricsLine[];
  } | null;
}

/** A row with what each system replied. */
export interface ReportedRow {
  /** From 1. */
  readonly row: number;
  readonly prompt: string;
  readonly reference: string;
  /** One a system. */
  readonly replies: readonly { readonly text: string; readonly score: number }[];
}

/** Who judged the replies. */
export interface ReportedJudge {
  /** Its model and address, what went wrong, and what it cost. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** What it was told. */
  readonly prompts: readonly { readonly hash: string; readonly text: string }[];
}

/** What the page of an evaluation shows. */
export interface EvaluationReport {
  readonly title: string;
  readonly language: ReportLanguage;
  readonly rows: number;
  readonly peakResidentBytes: number;
  readonly systems: readonly ReportedSystem[];
  readonly metrics: readonly ReportedMetric[];
  /** Null where nobody judged. */
  readonly judge: ReportedJudge | null;
  /** Rows that are worth a look. */
  readonly best: readonly ReportedRow[];
  readonly worst: readonly ReportedRow[];
  readonly changed: readonly ReportedRow[];
  /** What prepared folders know of the rows; null where none was looked at. */
  readonly contamination:
    | readonly {
        readonly folder: string;
        readonly rows: number;
        readonly changed: readonly string[];
        readonly leaks: readonly { readonly test: string; readonly train: string; readonly text: string }[];
      }[]
    | null;
}

/** A number with as many digits as say something. */
const short = (value: number, digits = 4): string => String(+value.toPrecision(digits));

const spanOf = ([least, greatest]: readonly [number, number]): string =>
  `[${short(least)}, ${short(greatest)}]`;

const pText = (p: number): string => (p < 0.0005 ? "< 0.001" : p.toFixed(3));

const MEBIBYTE = 2 ** 20;

/** Characters of a text that are shown at most. */
const MOST_SHOWN = 8000;

/** The page of an evaluation: scores side by side, plots, rows to look at. It needs nothing beside it and no network. */
export function evaluationReport(given: EvaluationReport): string {
  const report = visibleValues(given, MOST_SHOWN);
  const { title, language, systems } = report;
  const text = words[language];
  const drawn = chartsOf(report, text);
  const [first] = systems;
  const last = systems[systems.length - 1];
  return htmlPage({
    language: language === "zh" ? "zh-CN" : language,
    title,
    charts: drawn.map(({ chart }) => chart),
    children: (
      <>
        <h1>{title}</h1>
        <dl class="figures">
          <Figure name={text.rowsOfSet} value={String(report.rows)} />
          <Figure name={text.peakMemory} value={short(report.peakResidentBytes / MEBIBYTE)} />
        </dl>
        <h2>{text.scores}</h2>
        <Scores report={report} text={text} />
        <OtherRule report={report} text={text} />
        {systems.map(
          ({ name, labels }) =>
            labels && (
              <>
                <h2>{text.labelsOf(name)}</h2>
                <Labels found={labels} text={text} />
              </>
            ),
        )}
        <h2>{text.pace}</h2>
        <Paces systems={systems} text={text} />
        <h2>{text.contamination}</h2>
        <ContaminationNotes report={report} text={text} />
        <div class="charts" style="margin-top:1.5rem">
          {drawn.map(({ chart, x }) => (
            <figure>
              <h3>{chart.title}</h3>
              <div class="chart" data-x={x} role="img" aria-label={chart.title} />
            </figure>
          ))}
        </div>
        <Rows
          title={text.changed(last.name, first.name)}
          rows={report.changed}
          systems={systems}
          text={text}
        />
        <Rows title={text.worst(last.name)} rows={report.worst} systems={systems} text={text} />
        <Rows title={text.best(last.name)} rows={report.best} systems={systems} text={text} />
        {systems.map(
          ({ name, run }) =>
            run && (
              <>
                <h2>{text.runOf(name)}</h2>
                <Facts values={run.facts} />
              </>
            ),
        )}
        {report.judge && (
          <>
            <h2>{text.judge}</h2>
            <Facts values={report.judge.facts} />
            {report.judge.prompts.map(({ hash, text: prompt }) => (
              <div class="sample">
                <h3>SHA-256 {hash}</h3>
                <p dir="auto">{prompt}</p>
              </div>
            ))}
          </>
        )}
        <h2>{text.signatures}</h2>
        <Facts values={Object.fromEntries(report.metrics.map(({ name, signature }) => [name, signature]))} />
      </>
    ),
  });
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Table({
  head,
  rows,
}: {
  readonly head: readonly string[];
  readonly rows: readonly ComponentChildren[][];
}) {
  return (
    <div class="scroll">
      <table class="scores">
        <thead>
          <tr>
            {head.map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...cells]) => (
            <tr>
              <th scope="row">{name}</th>
              {cells.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Scored({
  value,
  interval,
}: {
  readonly value: number;
  readonly interval: readonly [number, number] | null;
}) {
  return (
    <>
      {short(value)} {interval && <small>{spanOf(interval)}</small>}
    </>
  );
}

function Scores({
  report: { metrics, systems },
  text,
}: {
  readonly report: EvaluationReport;
  readonly text: Words;
}) {
  const compared = systems.slice(1).map(({ name }) => name);
  const head = [
    text.metric,
    ...systems.map(({ name }) => name),
    ...compared.flatMap((name) => [`${name} − ${systems[0].name}`, text.significance]),
  ];
  const rows = metrics.map(({ name, scores, differences }) => [
    name,
    ...scores.map((one) => one && <Scored value={one.score} interval={one.interval} />),
    ...compared.flatMap((system) => {
      const found = differences.find((one) => one.system === system);
      if (!found) return ["", ""];
      return [
        <Scored value={found.difference} interval={found.interval} />,
        pText(found.pValue).replace(" ", "\u00a0"),
      ];
    }),
  ]);
  return <Table head={head} rows={rows} />;
}

/** What the scores are when `<think>` blocks are treated the other way. */
function OtherRule({ report, text }: { readonly report: EvaluationReport; readonly text: Words }) {
  const table = otherRuleTable(report, text);
  if (table === null) return null;
  return (
    <>
      <h3>{table.title}</h3>
      <Table head={table.head} rows={table.rows} />
    </>
  );
}

interface TextTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly string[][];
}

function otherRuleTable({ systems, metrics }: EvaluationReport, text: Words): TextTable | null {
  const found = systems.find(({ otherRule }) => otherRule !== null)?.otherRule;
  if (!found) return null;
  const named = metrics.filter(({ name }) => found.scores[name] !== undefined);
  return {
    title: found.rule === "keep" ? text.withReasoning : text.withoutReasoning,
    head: [text.metric, ...systems.map(({ name }) => name)],
    rows: [
      ...named.map(({ name, scores }) => [
        name,
        // A system without such blocks has the same score under both rules.
        ...systems.map(({ otherRule }, system) => {
          const score = otherRule ? otherRule.scores[name] : scores[system]?.score;
          return score === undefined ? "" : short(score);
        }),
      ]),
      [text.rowsWithReasoning, ...systems.map(({ otherRule }) => String(otherRule?.rows ?? 0))],
    ],
  };
}

/** Labels beyond which a matrix of them is no longer read. */
const MOST_COLUMNS = 24;

function labelTables({ labels, confusion }: ReportedLabels, text: Words): TextTable[] {
  const each = {
    title: text.eachLabel,
    head: [text.label, text.rowCount, text.precision, text.recall, "F1"],
    rows: labels.map(({ label, support, precision, recall, f1 }) => [
      label,
      String(support),
      ...[precision, recall, f1].map((share) => short(100 * share)),
    ]),
  };
  if (labels.length > MOST_COLUMNS) return [each];
  const names = labels.map(({ label }) => label);
  const matrix = {
    title: text.confusion,
    head: [text.trueLabel, ...names, text.noLabel],
    rows: confusion.map((told, row) => [
      names[row],
      ...told.map(String),
      String(labels[row].support - told.reduce((sum, rows) => sum + rows, 0)),
    ]),
  };
  return [each, matrix];
}

function Labels({ found, text }: { readonly found: ReportedLabels; readonly text: Words }) {
  return (
    <>
      {labelTables(found, text).map(({ title, head, rows }) => (
        <>
          <h3>{title}</h3>
          <Table head={head} rows={rows} />
        </>
      ))}
    </>
  );
}

function Paces({ systems, text }: { readonly systems: readonly ReportedSystem[]; readonly text: Words }) {
  const head = [
    text.system,
    text.tokensPerSecond,
    text.firstToken,
    text.meanTokens,
    text.atOneTime,
    text.cut,
    `${text.perplexity} ${text.byByte}`,
    `${text.perplexity} ${text.byCharacter}`,
  ];
  const known = (value: number | null | undefined): string => (value == null ? "–" : short(value));
  const rows = systems.map(({ name, pace, bytePerplexity, characterPerplexity }) => [
    name,
    known(pace?.tokensPerSecond),
    known(pace?.firstTokenSeconds),
    known(pace && pace.tokens / pace.replies),
    known(pace?.batchSize),
    known(pace?.cut),
    known(bytePerplexity),
    known(characterPerplexity),
  ]);
  return (
    <>
      <Table head={head} rows={rows} />
      {isRoundedTogether(systems) && <p class="lead">{text.roundedTogether}</p>}
    </>
  );
}

/** Replies at one time up to which they are computed as each is alone. */
const MOST_AS_ALONE = 8;

/** Whether replies may depend on how many were generated at one time. */
const isRoundedTogether = (systems: readonly ReportedSystem[]): boolean =>
  systems.some(({ pace }) => pace !== null && (pace.batchSize ?? 0) > MOST_AS_ALONE);

function ContaminationNotes({ report, text }: { readonly report: EvaluationReport; readonly text: Words }) {
  const { contamination } = report;
  if (contamination === null) return <p>{text.notKnown}</p>;
  return (
    <>
      {contamination.map(({ folder, rows, changed, leaks }) => (
        <>
          <p>{text.known(rows, folder)}</p>
          {changed.length > 0 && <p>{text.changedFiles(changed.join(", "))}</p>}
          <ul>
            {leaks.map(({ test, train, text: row }) => (
              <li>
                {test} ← {train}: <span dir="auto">{row}</span>
              </li>
            ))}
          </ul>
        </>
      ))}
    </>
  );
}

interface RowsProps {
  readonly title: string;
  readonly rows: readonly ReportedRow[];
  readonly systems: readonly ReportedSystem[];
  readonly text: Words;
}

function Rows({ title, rows, systems, text }: RowsProps) {
  if (rows.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <p class="lead">{text.marked}</p>
      <div class="samples" style="margin-top:.7rem">
        {rows.map(({ row, prompt, reference, replies }) => (
          <div class="sample">
            <h3>{text.row(row)}</h3>
            <p dir="auto">{prompt}</p>
            <div class="beside">
              <div>
                <h4>{text.reference}</h4>
                <p dir="auto">{reference}</p>
              </div>
              {replies.map((reply, system) => (
                <div>
                  <h4>
                    {systems[system].name}, {short(reply.score)}
                  </h4>
                  <p dir="auto">
                    {wordDifferences(reply.text, besideOf(system, replies, reference)).map(
                      ({ text: part, isOwn }) => (isOwn ? <mark>{part}</mark> : part),
                    )}
                  </p>
                </div>
              ))}
            </div>
          </div>
        ))}
      </div>
    </>
  );
}

/** What a reply is compared with: of several systems the first's, of the first the last's; of one alone the reference. */
function besideOf(system: number, replies: ReportedRow["replies"], reference: string): string {
  if (replies.length === 1) return reference;
  return replies[system === 0 ? replies.length - 1 : 0].text;
}

/** Parts that values are counted in. */
const BINS = 24;

/** How many values lie in each of equal parts of their range. */
function counted(lists: readonly (readonly number[])[]): { centres: number[]; counts: number[][] } | null {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of lists) {
    for (const value of list) {
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
  }
  if (!(greatest > least)) return null;
  const width = (greatest - least) / BINS;
  const counts = lists.map((list) => {
    const bins = Array.from({ length: BINS }, () => 0);
    for (const value of list) bins[Math.min(BINS - 1, Math.floor((value - least) / width))]++;
    return bins;
  });
  return {
    centres: Array.from({ length: BINS }, (_, bin) => +(least + (bin + 0.5) * width).toPrecision(6)),
    counts,
  };
}

function chartsOf({ systems, metrics }: EvaluationReport, text: Words): { chart: Chart; x: string }[] {
  const charts: { chart: Chart; x: string }[] = [];
  const histogram = (title: string, x: string, lists: readonly (readonly number[])[]): void => {
    const found = counted(lists);
    if (found === null) return;
    const series = systems.map(({ name }, system) => ({
      label: name,
      values: found.counts[system],
      style: "line" as const,
    }));
    charts.push({ chart: { title, unit: text.rowCount, steps: found.centres, series }, x });
  };
  histogram(
    text.scoresOfRows(metrics[0]?.name ?? ""),
    text.score,
    systems.map(({ rowScores }) => rowScores),
  );
  histogram(
    text.lengths,
    text.tokens,
    systems.map(({ rowTokens }) => rowTokens),
  );
  for (const { name, run } of systems) {
    if (!run || run.metrics.length === 0) continue;
    const numberOf = (line: MetricsLine, key: string): number | null => {
      const value = line[key];
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    };
    const loss = run.metrics.map((line) => numberOf(line, "loss"));
    charts.push({
      x: text.step,
      chart: {
        title: `${text.runOf(name)}: ${text.loss}`,
        unit: "",
        steps: run.metrics.map((line, index) => numberOf(line, "step") ?? index + 1),
        series: [
          { label: text.perStep, values: loss, style: "faint" },
          { label: text.smoothed, values: smoothed(loss, 10), style: "line" },
          {
            label: text.validation,
            values: run.metrics.map((line) => numberOf(line, "validationLoss")),
            style: "points",
          },
        ],
      },
    });
  }
  return charts;
}

/** The same in Markdown: tables, notes, and the rows as quotes. */
export function evaluationMarkdown(given: EvaluationReport): string {
  const report = visibleValues(given, MOST_SHOWN);
  const text = words[report.language];
  const { systems, metrics } = report;
  const compared = systems.slice(1).map(({ name }) => name);
  const scored = (value: number, interval: readonly [number, number] | null): string =>
    `${short(value)}${interval === null ? "" : ` ${spanOf(interval)}`}`;
  const lines = [
    `# ${plain(report.title)}`,
    "",
    `${text.rowsOfSet}: ${report.rows}. ${text.peakMemory}: ${short(report.peakResidentBytes / MEBIBYTE)}.`,
    "",
    `## ${text.scores}`,
    "",
    ...markdownTable(
      [
        text.metric,
        ...systems.map(({ name }) => name),
        ...compared.flatMap((name) => [`${name} − ${systems[0].name}`, text.significance]),
      ],
      metrics.map(({ name, scores, differences }) => [
        name,
        ...scores.map((one) => (one === null ? "" : scored(one.score, one.interval))),
        ...compared.flatMap((system) => {
          const found = differences.find((one) => one.system === system);
          return found ? [scored(found.difference, found.interval), pText(found.pValue)] : ["", ""];
        }),
      ]),
    ),
    "",
    ...[otherRuleTable(report, text)].filter((table) => table !== null).flatMap(titledTable),
    ...systems.flatMap(({ name, labels }) =>
      labels === null
        ? []
        : [`## ${plain(text.labelsOf(name))}`, "", ...labelTables(labels, text).flatMap(titledTable)],
    ),
    `## ${text.pace}`,
    "",
    ...markdownTable(
      [text.system, text.tokensPerSecond, text.firstToken, text.meanTokens, text.atOneTime, text.cut],
      systems.map(({ name, pace }) => [
        name,
        ...[
          pace?.tokensPerSecond,
          pace?.firstTokenSeconds,
          pace && pace.tokens / pace.replies,
          pace?.batchSize,
          pace?.cut,
        ].map((value) => (value == null ? "–" : short(value))),
      ]),
    ),
    "",
    ...(isRoundedTogether(systems) ? [text.roundedTogether, ""] : []),
    ...(report.judge === null
      ? []
      : [
          `## ${text.judge}`,
          "",
          ...Object.entries(report.judge.facts).map(([name, value]) => `- ${name}: ${plain(String(value))}`),
          ...report.judge.prompts.map(({ hash, text: prompt }) => `- SHA-256 ${hash}: ${plain(prompt)}`),
          "",
        ]),
    `## ${text.contamination}`,
    "",
    ...(report.contamination === null
      ? [text.notKnown]
      : report.contamination.flatMap(({ folder, rows, leaks }) => [
          plain(text.known(rows, folder)),
          "",
          ...leaks.map(({ test, train, text: row }) => `- ${plain(test)} ← ${plain(train)}: ${plain(row)}`),
        ])),
    "",
  ];
  const [first] = systems;
  const last = systems[systems.length - 1];
  const groups = [
    [text.changed(last.name, first.name), report.changed],
    [text.worst(last.name), report.worst],
    [text.best(last.name), report.best],
  ] as const;
  for (const [title, rows] of groups) {
    if (rows.length === 0) continue;
    lines.push(`## ${plain(title)}`, "");
    lines.push(
      ...markdownTable(
        ["", text.reference, ...systems.map(({ name }) => name)],
        rows.map(({ row, reference, replies }) => [
          String(row),
          reference,
          ...replies.map(({ text: reply, score }) => `${reply} (${short(score)})`),
        ]),
      ),
      "",
    );
  }
  lines.push(`## ${text.signatures}`, "");
  lines.push(...metrics.map(({ name, signature }) => `- ${name}: \`${signature.replaceAll("`", "'")}\``), "");
  return lines.join("\n");
}

/** Characters of a cell at most. */
const MOST_CELL = 400;

/** A text that is text in Markdown too: on one line, nothing in it a sign. */
function plain(text: string): string {
  const cut = text.length > MOST_CELL ? `${text.slice(0, MOST_CELL)}…` : text;
  return cut.replaceAll(/\s+/gu, " ").replaceAll(/[\\`*_{}[\]<>#|~&!]/gu, (sign) => `\\${sign}`);
}

const titledTable = ({ title, head, rows }: TextTable): string[] => [
  `### ${plain(title)}`,
  "",
  ...markdownTable(head, rows),
  "",
];

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- |").join("")}`, ...rows.map(line)];
}
