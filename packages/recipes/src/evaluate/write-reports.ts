import { join } from "node:path";
import { replaceFile } from "@lathe/files";
import type { JudgeReport, ScoreName, SystemComparison, SystemScores } from "@lathe/eval";
import {
  type EvaluationReport,
  evaluationMarkdown,
  evaluationReport,
  type ReportedJudge,
  type ReportedMetric,
  type ReportedRow,
  type ReportedSystem,
  type ReportLanguage,
} from "@lathe/report";
import type { SystemsEvaluation } from "./systems-evaluation.js";
import { readPredictions } from "./prediction-file.js";
import type { AdapterRun } from "./run-of-adapter.js";

/** What reports show besides what an evaluation came to. */
export interface ReportSources {
  readonly title: string;
  readonly language: ReportLanguage;
  /** The scores with those of each row. */
  readonly perRow: SystemComparison | null;
  /** Files of the replies, one a system. */
  readonly files: readonly string[];
  readonly runs: readonly (AdapterRun | null)[];
}

/** Writes `report.json`, `report.md` and `report.html` into a folder. */
export async function writeEvaluationReports(
  folder: string,
  evaluation: SystemsEvaluation,
  sources: ReportSources,
): Promise<void> {
  const report = await reportOf(evaluation, sources);
  await replaceFile(join(folder, "report.json"), `${JSON.stringify(evaluation, null, 2)}\n`);
  await replaceFile(join(folder, "report.md"), evaluationMarkdown(report));
  await replaceFile(join(folder, "report.html"), evaluationReport(report));
}

async function reportOf(
  evaluation: SystemsEvaluation,
  { title, language, perRow, files, runs }: ReportSources,
): Promise<EvaluationReport> {
  const { notable, systems, contamination } = evaluation;
  const scoresOf = (system: number): readonly number[] =>
    (notable && perRow?.systems[system].perSegment?.[notable.metric]) ?? [];
  const wanted = new Set(notable ? [...notable.best, ...notable.worst, ...notable.changed] : []);
  const rows = new Map<number, { prompt: string; reference: string; texts: string[] }>();
  const tokens: number[][] = [];
  for (const file of evaluation.replies === 0 ? [] : files) {
    const ofSystem: number[] = [];
    for await (const { row, prompt, reference, prediction, tokens: count } of readPredictions(file)) {
      ofSystem.push(count);
      if (!wanted.has(row)) continue;
      const found = rows.get(row) ?? { prompt, reference, texts: [] };
      found.texts.push(prediction);
      rows.set(row, found);
    }
    tokens.push(ofSystem);
  }
  const shown = (numbers: readonly number[] = []): ReportedRow[] =>
    numbers.map((row) => {
      const { prompt, reference, texts } = rows.get(row)!;
      const replies = texts.map((text, system) => ({ text, score: scoresOf(system)[row] }));
      return { row: row + 1, prompt, reference, replies };
    });
  const place = ({ file, line }: { readonly file: string; readonly line: number }): string =>
    `${file}:${line}`;
  return {
    title,
    language,
    rows: evaluation.rows,
    peakResidentBytes: evaluation.peakResidentBytes,
    systems: systems.map(({ name, data, pace }, system) => ({
      name,
      bytePerplexity: data.bytePerplexity,
      characterPerplexity: data.characterPerplexity,
      pace,
      labels: evaluation.scores?.systems[system].classification ?? null,
      otherRule: otherRuleOf(evaluation.scores?.systems[system].reasoning),
      rowScores: scoresOf(system),
      rowTokens: tokens[system] ?? [],
      run: runs[system] && { facts: runs[system].facts, metrics: runs[system].metrics },
    })),
    metrics: metricsOf(evaluation),
    judge: evaluation.judge && judgeOf(evaluation.judge),
    best: shown(notable?.best),
    worst: shown(notable?.worst),
    changed: shown(notable?.changed),
    contamination:
      contamination.length === 0
        ? null
        : contamination.map(({ folder, rows: count, changed, leaks }) => ({
            folder,
            rows: count,
            changed,
            leaks: leaks.map(({ test, train }) => ({
              test: place(test),
              train: place(train),
              text: test.text,
            })),
          })),
  };
}

const otherRuleOf = (reasoning: SystemScores["reasoning"]): ReportedSystem["otherRule"] =>
  reasoning === undefined
    ? null
    : { rule: reasoning.otherRule, rows: reasoning.texts, scores: { ...reasoning.scores } };

/** Who judged, without its prompts, and these by themselves. */
function judgeOf({ prompts, ...facts }: JudgeReport): ReportedJudge {
  return { facts: { ...facts }, prompts: Object.values(prompts) };
}

/** Scores of the replies first, then perplexities. */
function metricsOf({ systems, scores, perplexities }: SystemsEvaluation): ReportedMetric[] {
  const names = scores ? (Object.keys(scores.systems[0].scores) as ScoreName[]) : [];
  const ofReplies = names.map((metric) => ({
    name: metric,
    signature: scores!.systems[0].scores[metric]!.signature,
    scores: scores!.systems.map((system) => system.scores[metric]!),
    differences: scores!.comparisons
      .filter((one) => one.metric === metric)
      .map(({ systems: [, system], difference, interval, pValue }) => ({
        system,
        difference,
        interval,
        pValue,
      })),
  }));
  const ofRows = (["data", "probe"] as const)
    .filter((rows) => systems.some((system) => system[rows]?.perplexity != null))
    .map((rows) => ({
      name: rows === "data" ? "perplexity" : "perplexity (probe)",
      signature: `of:${rows === "data" ? "references" : "probe"}|by:token`,
      scores: systems.map((system) => {
        const { perplexity = null, interval = null } = system[rows] ?? {};
        return perplexity === null ? null : { score: perplexity, interval };
      }),
      differences: perplexities
        .filter((one) => one.rows === rows)
        .map(({ systems: [, system], difference, interval, pValue }) => ({
          system,
          difference,
          interval,
          pValue,
        })),
    }));
  return [...ofReplies, ...ofRows];
}
