import type { JSX } from "preact";
import type { SaveState } from "./use-judging.js";
import type { Words } from "./words.js";

/** Says where an answer is on its way; screen readers read it out. */
export function SaveNotice({
  state,
  said,
  onGoOn,
}: {
  readonly state: SaveState;
  readonly said: Words;
  readonly onGoOn: () => void;
}): JSX.Element {
  const text = {
    editing: "",
    saving: said.saving,
    waiting: said.waiting,
    conflict: said.conflict,
    refused: state.name === "refused" ? said.refused(state.reason) : "",
  }[state.name];
  return (
    <div
      role="status"
      class={text === "" || state.name === "saving" ? "status" : "status notice"}
      data-state={state.name}
    >
      {text}{" "}
      {state.name === "conflict" && (
        <button type="button" class="plain" onClick={onGoOn}>
          {said.goOn}
        </button>
      )}
    </div>
  );
}
