import type { MeanRating, Question } from "@lathe/annotate";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ResultsReply } from "../api.js";
import type { Client } from "./client.js";
import { Table } from "./table.js";
import { useServer } from "./use-server.js";
import type { Words } from "./words.js";

/** Milliseconds between two looks at the results. */
const REFRESH = 5000;

const questions: readonly Question[] = ["fluency", "relevance"];

const shown = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined ? "–" : value.toFixed(digits);
const percent = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(0)} %`);
const meanCells = ({ mean, interval }: MeanRating): string[] => [
  shown(mean),
  interval === null ? "–" : `${shown(interval[0])} – ${shown(interval[1])}`,
];

/** The results so far, which follow the answers as they come. */
export function ResultsView({
  client,
  said,
}: {
  readonly client: Client;
  readonly said: Words;
}): JSX.Element {
  const [{ reply, isLost }, reload] = useServer("/api/results", (path) => client.get<ResultsReply>(path));
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") reload();
    }, REFRESH);
    return () => clearInterval(timer);
  }, []);
  if (reply === null) return <p role="status">{isLost ? said.cannotLoad : said.loading}</p>;
  const { results, progress } = reply;
  const nameOf = (question: Question | "preference"): string =>
    question === "preference" ? said.preference : said.questions[question];
  const done = new Map(progress.map((one) => [one.name, said.progress(one.done, one.total)]));
  const download = (form: "csv" | "jsonl"): void => {
    void client.file(`/api/answers.${form}`).then((file) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `answers.${form}`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  };
  return (
    <>
      <h1>{said.results}</h1>
      {isLost && <p role="status">{said.cannotLoad}</p>}
      {results.answers === 0 && <p>{said.noAnswers}</p>}
      <Table
        caption={said.results}
        columns={[
          said.system,
          ...questions.flatMap((question) => [said.questions[question], said.interval]),
          said.ratings,
          said.wins,
          said.ties,
          said.losses,
        ]}
        rows={Object.entries(results.systems).map(([name, { preferences, ...means }]) => [
          name,
          ...questions.flatMap((question) => meanCells(means[question])),
          String(means.fluency.ratings),
          ...[preferences.wins, preferences.ties, preferences.losses].map(String),
        ])}
      />
      <h2>{said.agreement}</h2>
      <Table
        caption={said.agreement}
        columns={[said.question, "Krippendorff α", "Fleiss κ", "Cohen κ"]}
        rows={([...questions, "preference"] as const).map((question) => {
          const { alpha, fleissKappa, cohenKappa } = results.agreement[question];
          return [nameOf(question), ...[alpha, fleissKappa, cohenKappa].map((value) => shown(value, 3))];
        })}
      />
      <h2>{said.differences}</h2>
      <Table
        caption={said.differences}
        columns={[
          said.system,
          said.question,
          said.difference,
          said.interval,
          "p",
          said.rows,
          said.requiredRows,
        ]}
        rows={results.comparisons.map(
          ({ systems, question, difference, interval, pValue, rows, requiredRows }) => [
            systems.join(" – "),
            nameOf(question),
            shown(difference),
            interval.map((end) => shown(end)).join(" – "),
            shown(pValue, 4),
            String(rows),
            requiredRows === null ? "–" : String(requiredRows),
          ],
        )}
      />
      <h2>{said.annotators}</h2>
      <Table
        caption={said.annotators}
        columns={[
          said.annotator,
          said.progressName,
          said.seconds,
          ...questions.map((question) => said.bias(said.questions[question])),
          said.repeats,
          said.gold,
        ]}
        rows={results.annotators.map(({ name, secondsPerAnswer, bias, repeats, gold }) => [
          name,
          done.get(name) ?? "–",
          shown(secondsPerAnswer, 0),
          ...questions.map((question) => shown(bias[question])),
          percent(repeats.same),
          percent(gold.within),
        ])}
      />
      {results.correlations.length > 0 && (
        <>
          <h2>{said.correlations}</h2>
          <Table
            caption={said.correlations}
            columns={[said.metric, said.question, "Spearman ρ", "Kendall τ"]}
            rows={results.correlations.map(({ metric, question, spearman, kendall }) => [
              metric,
              nameOf(question),
              shown(spearman?.coefficient),
              shown(kendall?.coefficient),
            ])}
          />
        </>
      )}
      <h2>{said.disputed}</h2>
      {results.disputed.length === 0 ? (
        <p>{said.noDisputes}</p>
      ) : (
        <Table
          caption={said.disputed}
          columns={[said.row, said.spread, said.opposed, said.flags, said.settled]}
          rows={results.disputed.map(({ id, spread, opposed, flags, isSettled }) => [
            id,
            String(spread),
            opposed ? said.yes : said.no,
            flags.map((flag) => said.flag[flag as keyof Words["flag"]]).join(", "),
            isSettled ? said.yes : said.no,
          ])}
        />
      )}
      <h2>{said.export}</h2>
      <div class="actions">
        <button type="button" onClick={() => download("csv")}>
          CSV
        </button>
        <button type="button" onClick={() => download("jsonl")}>
          JSON lines
        </button>
      </div>
    </>
  );
}
