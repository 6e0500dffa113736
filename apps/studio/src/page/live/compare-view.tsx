import { visibleText, words } from "@lathe/report/parts";
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { DetailsReply } from "../../runs-api.js";
import { Table } from "../table.js";
import { useServer } from "../use-server.js";
import { comparedChart, comparedMeasures, differentSettings } from "./compare-runs.js";
import { Plot } from "./plot.js";
import type { ViewProps } from "./view-props.js";

/** Several runs in one chart, what they came to, and the settings that differ. */
export function CompareView({
  client,
  state,
  said,
  language,
  linkTo,
  runs: ids,
}: ViewProps & { readonly runs: readonly string[] }): JSX.Element {
  const [measure, setMeasure] = useState<string>("loss");
  const runs = ids.flatMap((id) => state.runs.filter((run) => run.id === id));
  const text = words[language];
  const titles: Readonly<Record<string, string>> = {
    loss: `${text.loss} (${text.smoothed})`,
    validationLoss: `${text.loss} (${text.validation})`,
    learningRate: text.learningRate,
    gradNorm: text.gradNorm,
    tokensPerSecond: text.tokensPerSecond,
    residentBytes: text.memory,
    accuracy: text.accuracy,
    margin: text.margin,
  };
  const pointsOf = (id: string) => (Object.hasOwn(state.curves, id) ? state.curves[id].points : []);
  const chart = useMemo(
    () =>
      comparedChart(
        runs.map(({ id, name }) => ({ name: visibleText(name), points: pointsOf(id) })),
        measure,
        titles[measure],
      ),
    [measure, language, ids.join("\n"), ...ids.map(pointsOf)],
  );
  const path = `/api/details?${runs.map(({ id, stamp }) => `${id} ${stamp}`).join("&")}`;
  const [{ reply, isLost }] = useServer(path, () =>
    Promise.all(runs.map(({ id }) => client.get<DetailsReply>(`/api/details?run=${encodeURIComponent(id)}`))),
  );
  const different = reply === null ? null : differentSettings(reply.map(({ settings }) => settings));
  const number = (value: number | null | undefined): string => value?.toFixed(4) ?? "–";
  return (
    <>
      <nav class="crumbs">
        <a href={linkTo({ view: "runs" })}>{said.back}</a>
        {runs.map(({ id, name }) => (
          <a key={id} href={linkTo({ view: "run", run: id })}>
            {visibleText(name)}
          </a>
        ))}
      </nav>
      <h1 tabIndex={-1}>{said.comparison}</h1>
      {runs.length < ids.length && <p class="notice">{said.gone}</p>}
      <label>
        {said.measure}{" "}
        <select value={measure} onChange={({ currentTarget }) => setMeasure(currentTarget.value)}>
          {comparedMeasures.map((key) => (
            <option key={key} value={key}>
              {titles[key]}
            </option>
          ))}
        </select>
      </label>
      {chart === null ? <p class="soft">{said.noSteps}</p> : <Plot chart={chart} text={text} />}
      <Table
        caption={said.runs}
        columns={[said.run, said.state, said.step, said.loss, said.validation, said.pace]}
        rows={runs.map(({ id, name, state: at, step, tokensPerSecond }) => {
          const totals = Object.hasOwn(state.curves, id) ? state.curves[id].totals : null;
          return [
            ...[visibleText(name), said.states[at], String(step ?? "–"), number(totals?.lastLoss)],
            ...[number(totals?.bestValidation), tokensPerSecond?.toFixed(0) ?? "–"],
          ];
        })}
      />
      <h2>{said.differences}</h2>
      {different === null ? (
        <p role="status">{isLost ? said.lost : said.loading}</p>
      ) : different.length === 0 ? (
        <p class="soft">{said.same}</p>
      ) : (
        <Table
          caption={said.differences}
          columns={[said.setting, ...runs.map(({ name }) => visibleText(name))]}
          rows={different.map(({ name, values }) => [visibleText(name), ...values.map(visibleText)])}
        />
      )}
    </>
  );
}
