import type { Flag } from "@lathe/annotate";
import type { JSX } from "preact";
import type { TaskReply } from "../api.js";
import { ChoiceGroup } from "./choice-group.js";
import {
  type ChangeDraft,
  type Draft,
  firstMissing,
  type Slot,
  slotId,
  valueAt,
  withValue,
} from "./draft.js";
import { ReplyText } from "./reply-text.js";
import type { Words } from "./words.js";

/** Replies are called A, B, C … */
export const letterOf = (reply: number): string => String.fromCharCode(65 + reply);

/** What there is to judge, and what was said of it so far. */
export function JudgeForm({
  task,
  draft,
  said,
  isTried,
  changeDraft,
}: {
  readonly task: NonNullable<TaskReply["task"]>;
  readonly draft: Draft;
  readonly said: Words;
  /** Whether the answer was to be saved before it was one: what is missing is then marked. */
  readonly isTried: boolean;
  readonly changeDraft: ChangeDraft;
}): JSX.Element {
  const group = (
    slot: Slot,
  ): { id: string; value: number | null; isMissing: boolean; onChoose: (value: number) => void } => {
    const value = valueAt(draft, slot);
    return {
      id: slotId(slot),
      value,
      isMissing: isTried && value === null,
      onChoose: (chosen) => changeDraft((before) => withValue(before, slot, chosen)),
    };
  };
  const toggle = (flag: Flag): void => {
    changeDraft((before) => {
      const { flags } = before;
      const changed = flags.includes(flag) ? flags.filter((one) => one !== flag) : [...flags, flag];
      return { ...before, flags: changed };
    });
  };
  return (
    <>
      <section class="card" aria-labelledby="prompt">
        <h2 id="prompt">{said.prompt}</h2>
        <ReplyText text={task.prompt} said={said} key={`prompt-${task.position}`} />
      </section>
      <div class="replies">
        {task.replies.map((reply, index) => (
          <section class="card" aria-labelledby={`reply-${index}`} key={`${task.position}-${index}`}>
            <h2 id={`reply-${index}`}>{said.reply(letterOf(index))}</h2>
            <ReplyText text={reply} said={said} />
            {(["fluency", "relevance"] as const).map((question) => (
              <ChoiceGroup
                key={question}
                {...group({ kind: "rating", reply: index, question })}
                legend={said.questions[question]}
                hint={said.asked[question]}
                choices={said.anchors[question].map((text, place) => ({
                  value: place + 1,
                  sign: String(place + 1),
                  text,
                }))}
              />
            ))}
          </section>
        ))}
      </div>
      {task.pairs.length > 0 && (
        <section class="card" aria-labelledby="better">
          <h2 id="better">{said.better}</h2>
          {task.pairs.map(([first, second], pair) => (
            <ChoiceGroup
              key={pair}
              {...group({ kind: "preference", pair })}
              legend={`${letterOf(first)} – ${letterOf(second)}`}
              hint=""
              choices={[
                { value: -1, sign: "", text: said.first(letterOf(first)) },
                { value: 0, sign: "", text: said.tie },
                { value: 1, sign: "", text: said.first(letterOf(second)) },
              ]}
            />
          ))}
        </section>
      )}
      <section class="card">
        <fieldset class="flags">
          <legend>{said.flags}</legend>
          {(Object.keys(said.flag) as Flag[]).map((flag) => (
            <label key={flag}>
              <input type="checkbox" checked={draft.flags.includes(flag)} onChange={() => toggle(flag)} />{" "}
              {said.flag[flag]}
            </label>
          ))}
        </fieldset>
        <label class="comment">
          {said.comment}
          <textarea
            id="comment"
            rows={2}
            maxLength={4000}
            value={draft.comment}
            onInput={({ currentTarget: { value } }) =>
              changeDraft((before) => ({ ...before, comment: value }))
            }
          />
        </label>
      </section>
      {isTried && firstMissing(draft) !== null && (
        <p class="notice" role="alert">
          {said.missing}
        </p>
      )}
    </>
  );
}
