import {
  Facts,
  runCharts,
  RunFigures,
  Samples,
  visibleText,
  visibleValues,
  words,
} from "@lathe/report/parts";
import type { RunOverview } from "@lathe/report";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { DetailsReply } from "../../runs-api.js";
import { useServer } from "../use-server.js";
import type { KnownCurve } from "./live-state.js";
import { PageLinks } from "./page-links.js";
import { Plot } from "./plot.js";
import type { ViewProps } from "./view-props.js";

type RunProps = ViewProps & { readonly run: string };

/** A run as it goes on: its curves, replies, reports and settings. */
export function RunView({ run: id, ...props }: RunProps): JSX.Element {
  const { state, said, linkTo } = props;
  const run = state.runs.find((one) => one.id === id);
  return (
    <>
      <nav class="crumbs">
        <a href={linkTo({ view: "runs" })}>{said.back}</a>
        {run !== undefined && <a href={linkTo({ view: "chat", run: id })}>{said.chat}</a>}
      </nav>
      {run === undefined ? <p role="alert">{said.gone}</p> : <OneRun {...props} run={run} />}
    </>
  );
}

function OneRun({ run, ...props }: ViewProps & { readonly run: RunOverview }): JSX.Element {
  const { state, said, language } = props;
  const curve = Object.hasOwn(state.curves, run.id) ? state.curves[run.id] : null;
  return (
    <>
      <h1 tabIndex={-1}>
        {visibleText(run.name)} <span class={`state ${run.state}`}>{said.states[run.state]}</span>
      </h1>
      {run.fault !== null && (
        <p class="notice">{said.faults[run.fault.kind](visibleText(run.fault.detail))}</p>
      )}
      {curve !== null && <Curves curve={curve} said={said} language={language} />}
      <Details {...props} run={run} />
    </>
  );
}

function Curves({
  curve,
  said,
  language,
}: Pick<ViewProps, "said" | "language"> & { readonly curve: KnownCurve }): JSX.Element {
  const text = words[language];
  const charts = useMemo(() => runCharts(curve.points, text), [curve.points, text]);
  return (
    <section aria-labelledby="curves">
      {curve.badLines > 0 && <p class="notice">{said.badLines(curve.badLines)}</p>}
      <RunFigures totals={curve.totals} text={text} />
      <h2 id="curves">{said.curves}</h2>
      {charts.length === 0 ? (
        <p class="soft">{said.noSteps}</p>
      ) : (
        <div class="charts">
          {charts.map((chart) => (
            <Plot key={chart.title} chart={chart} text={text} />
          ))}
        </div>
      )}
    </section>
  );
}

function Details({
  client,
  state,
  said,
  language,
  linkTo,
  run,
}: ViewProps & { readonly run: RunOverview }): JSX.Element {
  // Asked again when there is more to say of the run.
  const path = `/api/details?run=${encodeURIComponent(run.id)}&stamp=${encodeURIComponent(run.stamp)}`;
  const [{ reply, isLost, refusal }] = useServer(path, (asked) => client.get<DetailsReply>(asked));
  const own = state.pages.filter(({ id }) => run.id === "." || id.startsWith(`${run.id}/`));
  if (refusal !== null) return <p role="alert">{said.refused(refusal.message)}</p>;
  if (reply === null) return <p role="status">{isLost ? said.lost : said.loading}</p>;
  const { passport, ...totals } = reply.report ?? {};
  const { settings: _settings, ...origin } = (passport ?? {}) as Readonly<Record<string, unknown>>;
  const samples = reply.samples.map(({ prompt, reference, replies }) => ({
    prompt: visibleText(prompt),
    reference: reference === null ? null : visibleText(reference),
    replies: replies.map(({ step, text }) => ({ step, text: visibleText(text) })),
  }));
  return (
    <>
      <h2>{said.samples}</h2>
      {samples.length === 0 ? (
        <p class="soft">{said.noSamples}</p>
      ) : (
        <Samples samples={samples} text={words[language]} />
      )}
      <h2>{said.pages}</h2>
      {own.length === 0 ? (
        <p class="soft">{said.noPages}</p>
      ) : (
        <PageLinks pages={own} said={said} linkTo={linkTo} />
      )}
      {reply.faults
        .filter(({ kind }) => kind !== run.fault?.kind)
        .map(({ kind, detail }) => (
          <p class="notice" key={kind}>
            {said.faults[kind](visibleText(detail))}
          </p>
        ))}
      {reply.report !== null && (
        <details>
          <summary>{said.passport}</summary>
          <Facts values={visibleValues({ ...totals, ...origin })} />
        </details>
      )}
      {reply.settings !== null && (
        <details>
          <summary>{said.settings}</summary>
          <Facts values={visibleValues(reply.settings)} />
        </details>
      )}
    </>
  );
}
