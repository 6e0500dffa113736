import type { JSX } from "preact";
import { type Bar, Bars } from "./bars.js";
import { type DataWords, dataWords } from "./data-words.js";
import { htmlPage } from "./html-page.js";
import { Microscope, type ShownRow } from "./microscope.js";
import type { ReportLanguage } from "./words.js";

/** How many rows lie from `from` up to, and without, `to`. */
export interface LengthBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Lengths of rows. */
export interface Lengths {
  readonly bins: readonly LengthBin[];
  readonly count: number;
  readonly sum: number;
  readonly longest: number;
}

/** A row that a rule changed or set aside. */
export interface RuleExample {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  /** Absent where the row was set aside. */
  readonly after?: string;
  /** Why it was set aside. */
  readonly reason?: string;
}

/** What preparing rows counted. */
export interface RuleCounts {
  readonly read: number;
  readonly kept: number;
  readonly rejected: number;
  readonly rules: Readonly<Record<string, number>>;
  readonly personalData: Readonly<Record<string, number>>;
  readonly clusters: number;
  readonly examples: Readonly<Record<string, readonly RuleExample[]>>;
}

/** What the page of a data set shows. */
export interface DataReport {
  readonly title: string;
  readonly language: ReportLanguage;
  /** Null where it is not known how the rows were made. */
  readonly prepared: RuleCounts | null;
  readonly splits: { readonly train: number; readonly validation: number; readonly test: number };
  readonly characters: Lengths;
  /** Null without tokens. */
  readonly tokens: Lengths | null;
  /** Rows by the script they are written in. */
  readonly languages: Readonly<Record<string, number>>;
  readonly nGrams: readonly { readonly words: readonly string[]; readonly rows: number }[];
  readonly topics: readonly {
    readonly words: readonly string[];
    readonly rows: number;
    readonly example: string;
  }[];
  /** Rows that n-grams and topics are of. */
  readonly lookedAt: number;
  /** Rows token by token; empty where there is no tokenizer. */
  readonly microscope: readonly ShownRow[];
}

const SHOWN_EXAMPLES = 3; // of a rule

/** The page of a data set: what rules did, lengths, languages, topics, and rows token by token. It needs nothing beside it and no network. */
export function dataReport(report: DataReport): string {
  const {
    title,
    language,
    prepared,
    splits,
    characters,
    tokens,
    languages,
    nGrams,
    topics,
    lookedAt,
    microscope,
  } = report;
  const text = dataWords[language];
  const whole = (value: number): string => value.toLocaleString("en-US");
  return htmlPage({
    language: language === "zh" ? "zh-CN" : language,
    title,
    charts: [],
    children: (
      <>
        <h1>{title}</h1>
        {prepared !== null && (
          <dl class="figures">
            {(["read", "kept", "rejected", "clusters"] as const).map((key) => (
              <div>
                <dt>{text[key]}</dt>
                <dd>{whole(prepared[key])}</dd>
              </div>
            ))}
          </dl>
        )}
        <div class="facts panels">
          <Panel
            title={text.splits}
            bars={(["train", "validation", "test"] as const).map((key) => ({
              name: text[key],
              count: splits[key],
            }))}
          />
          <Panel
            title={text.languages}
            bars={sortedBars(languages, (name) => (name === "other" ? text.other : name))}
          />
          <LengthPanel title={text.characters} lengths={characters} text={text} />
          {tokens !== null && <LengthPanel title={text.tokens} lengths={tokens} text={text} />}
        </div>
        {prepared !== null && <Rules prepared={prepared} text={text} />}
        {nGrams.length > 0 && (
          <>
            <h2>{text.nGrams}</h2>
            <p class="lead">{text.ofRows(whole(lookedAt))}</p>
            <Bars bars={nGrams.map(({ words, rows }) => ({ name: words.join(" "), count: rows }))} />
          </>
        )}
        {topics.length > 0 && (
          <>
            <h2>{text.topics}</h2>
            <p class="lead">{text.ofRows(whole(lookedAt))}</p>
            <div class="facts">
              {topics.map(({ words, rows, example }) => (
                <div class="sample">
                  <h3>
                    {words.join(" · ")} ({whole(rows)})
                  </h3>
                  <p dir="auto">{example}</p>
                </div>
              ))}
            </div>
          </>
        )}
        {microscope.length > 0 && (
          <>
            <h2>{text.microscope}</h2>
            <Microscope rows={microscope} text={text} />
          </>
        )}
      </>
    ),
  });
}

/** Counts above 0, the largest first. */
function sortedBars(
  counts: Readonly<Record<string, number>>,
  nameOf: (key: string) => string = (key) => key,
): Bar[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, left], [, right]) => right - left)
    .map(([key, count]) => ({ name: nameOf(key), count }));
}

function Panel({
  title,
  bars,
  note,
}: {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly note?: string;
}): JSX.Element {
  return (
    <div>
      <h3>{title}</h3>
      <Bars bars={bars} />
      {note !== undefined && <p class="lead">{note}</p>}
    </div>
  );
}

function LengthPanel({
  title,
  lengths,
  text,
}: {
  readonly title: string;
  readonly lengths: Lengths;
  readonly text: DataWords;
}): JSX.Element {
  const { bins, count, sum, longest } = lengths;
  const bars = bins.map(({ from, to, count: rows }) => ({
    name: to - from === 1 ? String(from) : `${from}–${to - 1}`,
    count: rows,
  }));
  return (
    <Panel
      title={title}
      bars={bars}
      note={text.meanAndLongest((sum / Math.max(1, count)).toFixed(1), String(longest))}
    />
  );
}

function Rules({ prepared, text }: { readonly prepared: RuleCounts; readonly text: DataWords }): JSX.Element {
  const rules = sortedBars(prepared.rules);
  const personalData = sortedBars(prepared.personalData);
  return (
    <>
      <h2>{text.rules}</h2>
      {rules.length === 0 ? <p class="lead">{text.noRules}</p> : <Bars bars={rules} />}
      <div class="samples" style="margin-top:1rem">
        {rules.map(({ name }) => {
          const examples = Object.hasOwn(prepared.examples, name) ? prepared.examples[name] : [];
          return examples.slice(0, SHOWN_EXAMPLES).map(({ file, line, before, after, reason }) => (
            <div class="sample">
              <h3>
                {name} · {file}:{line}
              </h3>
              <dl>
                <dt>{text.before}</dt>
                <dd dir="auto">{before}</dd>
                {after !== undefined && (
                  <>
                    <dt>{text.after}</dt>
                    <dd dir="auto">{after}</dd>
                  </>
                )}
                {reason !== undefined && (
                  <>
                    <dt>{text.reason}</dt>
                    <dd>{reason}</dd>
                  </>
                )}
              </dl>
            </div>
          ));
        })}
      </div>
      <h2>{text.personalData}</h2>
      {personalData.length === 0 ? <p class="lead">{text.noPersonalData}</p> : <Bars bars={personalData} />}
    </>
  );
}
