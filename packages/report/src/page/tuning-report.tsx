import { Facts } from "./facts.js";
import { htmlPage } from "./html-page.js";
import { type ReportLanguage, words } from "./words.js";

/** A short run that settings were compared by. */
export interface TuningTrial {
  /** The settings, in a few words. */
  readonly name: string;
  readonly round: number;
  readonly steps: number;
  /** Null where the trial failed. */
  readonly validationLoss: number | null;
  readonly seconds: number;
  /** What it failed by; null where it did not. */
  readonly fault: string | null;
}

/** What the page of a search for settings shows. */
export interface TuningReport {
  readonly title: string;
  readonly language: ReportLanguage;
  /** Sentences that say why the settings were chosen. */
  readonly why: readonly string[];
  readonly trials: readonly TuningTrial[];
  /** What was chosen and what it came to. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The page of a search for settings: what was chosen, why, and every trial. It needs nothing beside it and no network. */
export function tuningReport({ title, language, why, trials, facts }: TuningReport): string {
  const text = words[language];
  const rounds = [...new Set(trials.map(({ round }) => round))].sort((a, b) => a - b);
  const lossOf = ({ validationLoss }: TuningTrial): number => validationLoss ?? Number.POSITIVE_INFINITY;
  return htmlPage({
    language: language === "zh" ? "zh-CN" : language,
    title,
    charts: [],
    children: (
      <>
        <h1>{title}</h1>
        <h2>{text.why}</h2>
        <ul>
          {why.map((sentence) => (
            <li>{sentence}</li>
          ))}
        </ul>
        {rounds.length > 0 && <h2>{text.trials}</h2>}
        <div class="facts">
          {rounds.map((round) => (
            <div class="scroll">
              <h3>{text.round(round)}</h3>
              <table>
                <tbody>
                  {trials
                    .filter((trial) => trial.round === round)
                    .sort((a, b) => lossOf(a) - lossOf(b))
                    .map((trial) => (
                      <tr>
                        <th scope="row">{trial.name}</th>
                        <td>
                          {trial.validationLoss?.toFixed(4) ??
                            [text.failed, trial.fault].filter(Boolean).join(": ")}
                        </td>
                        <td>{text.stepsInSeconds(trial.steps, trial.seconds.toFixed(0))}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
          ))}
        </div>
        <h2>{text.settings}</h2>
        <Facts values={facts} />
      </>
    ),
  });
}
