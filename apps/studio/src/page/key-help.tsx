import type { JSX } from "preact";
import type { Words } from "./words.js";

/** What keys do, and whether they do. */
export function KeyHelp({
  said,
  isOn,
  onChange,
}: {
  readonly said: Words;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}): JSX.Element {
  return (
    <details class="keys">
      <summary>{said.keys}</summary>
      <label>
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />{" "}
        {said.keysOn}
      </label>
      <dl>
        {said.keyList.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
