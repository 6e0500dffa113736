import type { JSX } from "preact";
import type { RunTotals } from "./run-totals.js";
import type { Words } from "./words.js";

/** What a run comes to, in figures, and that its loss does not fall where that was found. */
export function RunFigures({
  totals,
  text,
}: {
  readonly totals: RunTotals;
  readonly text: Words;
}): JSX.Element {
  const { step, lastLoss, bestValidation, tokens, seconds, spikes, badSteps, stall } = totals;
  const figures: [string, string | null][] = [
    [text.steps, step === null ? null : String(step)],
    [text.lastLoss, lastLoss?.toFixed(4) ?? null],
    [text.bestValidation, bestValidation?.toFixed(4) ?? null],
    [text.validationPerplexity, bestValidation === null ? null : Math.exp(bestValidation).toFixed(2)],
    [text.tokens, tokens > 0 ? tokens.toLocaleString("en-US") : null],
    [text.tokensPerSecond, seconds > 0 ? (tokens / seconds).toFixed(0) : null],
    [text.duration, seconds > 0 ? clock(seconds) : null],
    [text.spikes, spikes > 0 ? String(spikes) : null],
    [text.badSteps, badSteps > 0 ? String(badSteps) : null],
  ];
  return (
    <>
      <dl class="figures">
        {figures.map(
          ([name, value]) =>
            value !== null && (
              <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {stall !== null && <p>{stallSentence(stall, text)}</p>}
    </>
  );
}

function stallSentence(stall: Readonly<Record<string, unknown>>, text: Words): string {
  const short = (key: string, factor = 1): string => String(+(Number(stall[key]) * factor).toPrecision(4));
  return text.stalled(
    short("firstLoss"),
    short("lastLoss"),
    short("gradNorm"),
    short("clippedShare", 100),
    short("learningRate"),
  );
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
