import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { visibleText } from "@lathe/report/parts";
import type { Words } from "./words.js";

/** Characters that are shown before one asks for all: a megabyte of text is slow to lay out. */
const SHOWN = 20_000;

/** A text of a model or a person, as text and nothing else. */
export function ReplyText({
  text,
  said,
}: {
  readonly text: string;
  readonly said: Pick<Words, "empty" | "showAll">;
}): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > SHOWN;
  if (text === "") return <p class="soft">{said.empty}</p>;
  return (
    <>
      <div class="text" dir="auto" tabIndex={0}>
        {visibleText(isLong && !isWhole ? text.slice(0, SHOWN) : text)}
      </div>
      {isLong && !isWhole && (
        <button type="button" class="plain" onClick={() => setWhole(true)}>
          {said.showAll(text.length.toLocaleString())}
        </button>
      )}
    </>
  );
}
