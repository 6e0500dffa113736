import type { JSX } from "preact";

/** One of the things to choose from. */
export interface Choice {
  readonly value: number;
  /** What the eye finds first, such as the number. */
  readonly sign: string;
  readonly text: string;
}

/** A question with one answer: radio buttons under a legend. */
export function ChoiceGroup({
  id,
  legend,
  hint,
  choices,
  value,
  isMissing,
  onChoose,
}: {
  readonly id: string;
  readonly legend: string;
  readonly hint: string;
  readonly choices: readonly Choice[];
  readonly value: number | null;
  readonly isMissing: boolean;
  readonly onChoose: (value: number) => void;
}): JSX.Element {
  return (
    <fieldset class={isMissing ? "choices missing" : "choices"} data-slot={id}>
      <legend>
        <b>{legend}</b> <span class="soft">{hint}</span>
      </legend>
      <div class="options">
        {choices.map((choice) => (
          <label class="option" key={choice.value}>
            <input
              type="radio"
              name={id}
              checked={value === choice.value}
              onChange={() => onChoose(choice.value)}
            />
            {choice.sign !== "" && <span class="sign">{choice.sign}</span>}
            <span>{choice.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
