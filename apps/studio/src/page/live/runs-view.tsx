import type { RunOverview } from "@lathe/report";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { visibleText } from "@lathe/report/parts";
import type { Language } from "../words.js";
import { PageLinks } from "./page-links.js";
import type { ViewProps } from "./view-props.js";
import type { RunsWords } from "./words.js";

/** Runs that may be compared at once. */
const MOST_COMPARED = 8;

/** All runs, to be looked at or compared. */
export function RunsView({ state, language, said, linkTo }: ViewProps): JSX.Element {
  const [filter, setFilter] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const wanted = filter.trim().toLowerCase();
  const runs = state.runs.filter((run) =>
    [run.name, run.model, run.method, run.objective].some((text) => text?.toLowerCase().includes(wanted)),
  );
  const known = chosen.filter((id) => state.runs.some((run) => run.id === id));
  const toggle = (id: string): void =>
    setChosen(known.includes(id) ? known.filter((one) => one !== id) : [...known, id]);
  const isComparable = known.length >= 2 && known.length <= MOST_COMPARED;
  return (
    <>
      <h1 tabIndex={-1}>{said.runs}</h1>
      <p class="soft path">{visibleText(state.folder)}</p>
      {state.isCut && <p class="notice">{said.isCut}</p>}
      {state.runs.length === 0 ? (
        <p>{said.none}</p>
      ) : (
        <>
          <div class="bar">
            <label>
              {said.filter}{" "}
              <input
                type="search"
                value={filter}
                onInput={({ currentTarget }) => setFilter(currentTarget.value)}
              />
            </label>
            <span class="soft">{said.shown(runs.length, state.runs.length)}</span>
            {isComparable ? (
              <a class="button" href={linkTo({ view: "compare", runs: known })}>
                {said.compare(known.length)}
              </a>
            ) : (
              <span class="soft">{said.compareHint(MOST_COMPARED)}</span>
            )}
          </div>
          <div class="scroll" role="region" aria-label={said.runs} tabIndex={0}>
            <table class="runs">
              <thead>
                <tr>
                  <td />
                  {[said.run, said.state, said.step, said.loss, said.validation, said.pace, said.changed].map(
                    (column) => (
                      <th scope="col" key={column}>
                        {column}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                {runs.map((run) => (
                  <RunRow
                    key={run.id}
                    {...{ run, said, language }}
                    isChosen={known.includes(run.id)}
                    onToggle={() => toggle(run.id)}
                    link={linkTo({ view: "run", run: run.id })}
                  />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {state.pages.some(({ kind }) => kind !== "run") && (
        <>
          <h2>{said.pages}</h2>
          <PageLinks pages={state.pages.filter(({ kind }) => kind !== "run")} said={said} linkTo={linkTo} />
        </>
      )}
    </>
  );
}

function RunRow({
  run,
  said,
  language,
  isChosen,
  onToggle,
  link,
}: {
  readonly run: RunOverview;
  readonly said: RunsWords;
  readonly language: Language;
  readonly isChosen: boolean;
  readonly onToggle: () => void;
  readonly link: string;
}): JSX.Element {
  const { name, state, fault, step, totalSteps, loss, validationLoss, tokensPerSecond, changedAt } = run;
  const shown = visibleText(name);
  const number = (value: number | null, digits: number): string => value?.toFixed(digits) ?? "–";
  return (
    <tr>
      <td>
        <input type="checkbox" aria-label={said.choose(shown)} checked={isChosen} onChange={onToggle} />
      </td>
      <th scope="row">
        <a href={link}>{shown}</a>
        {run.model !== null && (
          <div class="soft">
            {visibleText([run.model, run.method, run.objective].filter((text) => text !== null).join(" · "))}
          </div>
        )}
        {fault !== null && <div class="fault">{said.faults[fault.kind](visibleText(fault.detail))}</div>}
      </th>
      <td>
        <span class={`state ${state}`}>{said.states[state]}</span>
        {state === "running" && <div class="soft">{timeLeft(run, said)}</div>}
      </td>
      <td>
        {step ?? "–"}
        {totalSteps !== null && (
          <>
            {" "}
            / {totalSteps}
            <progress aria-label={`${shown}: ${said.step}`} value={step ?? 0} max={Math.max(1, totalSteps)} />
          </>
        )}
      </td>
      <td>{number(loss, 4)}</td>
      <td>{number(validationLoss, 4)}</td>
      <td>{number(tokensPerSecond, 0)}</td>
      <td>
        {changedAt === 0 ? "–" : new Date(changedAt).toLocaleString(language === "zh" ? "zh-CN" : "en-GB")}
      </td>
    </tr>
  );
}

function timeLeft({ step, totalSteps, secondsPerStep }: RunOverview, said: RunsWords): string {
  if (step === null || totalSteps === null || secondsPerStep === null) return "";
  return said.timeLeft(said.minutes(Math.round(((totalSteps - step) * secondsPerStep) / 60)));
}
