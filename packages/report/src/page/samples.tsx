import type { JSX } from "preact";
import type { Words } from "./words.js";

/** What a model said to a prompt in the course of a run. */
export interface SampleReplies {
  readonly prompt: string;
  /** What should have been said, where it is known. */
  readonly reference: string | null;
  readonly replies: readonly { readonly step: number; readonly text: string }[];
}

/** Replies over time, prompt after prompt. */
export function Samples({
  samples,
  text,
}: {
  readonly samples: readonly SampleReplies[];
  readonly text: Words;
}): JSX.Element {
  return (
    <div class="samples">
      {samples.map(({ prompt, reference, replies }) => (
        <div class="sample">
          <p>{prompt}</p>
          <dl>
            {replies.map(({ step, text: reply }) => (
              <>
                <dt>{text.atStep(step)}</dt>
                <dd dir="auto">{reply}</dd>
              </>
            ))}
            {reference !== null && (
              <>
                <dt>{text.reference}</dt>
                <dd dir="auto">{reference}</dd>
              </>
            )}
          </dl>
        </div>
      ))}
    </div>
  );
}
