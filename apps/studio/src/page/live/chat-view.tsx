import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ReplyText } from "../reply-text.js";
import { visibleText } from "@lathe/report/parts";
import { type SideState, useChat } from "./use-chat.js";
import type { ViewProps } from "./view-props.js";
import type { RunsWords } from "./words.js";

/** The model before a run and after it, asked the same, side by side. */
export function ChatView({
  client,
  state,
  said,
  linkTo,
  run: id,
}: ViewProps & { readonly run: string }): JSX.Element {
  const run = state.runs.find((one) => one.id === id);
  const chat = useChat(client, id);
  const [question, setQuestion] = useState("");
  const [maxNewTokens, setMaxNewTokens] = useState(256);
  const [temperature, setTemperature] = useState(0);
  useEffect(() => chat.stop, []);
  if (run === undefined) return <p role="alert">{said.gone}</p>;
  const send = (): void => {
    if (chat.isBusy || question.trim() === "") return;
    chat.ask(question, { maxNewTokens, temperature });
    setQuestion("");
  };
  const progress = chat.isWaiting
    ? said.waiting
    : chat.isBusy
      ? chat.sides.every((side) => side.progress === "asked")
        ? said.begun
        : chat.sides
            .filter((side) => side.progress === "answering")
            .map(({ side }) => `${said.sides[side]}: ${said.answering}`)
            .join(" ")
      : chat.sides.every((side) => side.progress === "done" || side.progress === "cut")
        ? chat.sides.map(({ side }) => `${said.sides[side]}: ${said.answered}`).join(" · ")
        : "";
  return (
    <>
      <nav class="crumbs">
        <a href={linkTo({ view: "runs" })}>{said.back}</a>
        <a href={linkTo({ view: "run", run: id })}>{visibleText(run.name)}</a>
      </nav>
      <h1 tabIndex={-1}>{said.chat}</h1>
      <p class="soft">{said.chatHint}</p>
      <div class="replies">
        {chat.sides.map((side) => (
          <SideTurns key={side.side} side={side} said={said} />
        ))}
      </div>
      <div role="status" class="status" data-chat={chat.isBusy ? "busy" : "idle"}>
        {progress}
      </div>
      {chat.fault !== null && (
        <p role="alert" class="notice">
          {said.chatFault(visibleText(chat.fault))}
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label class="comment">
          {said.message}
          <textarea
            rows={3}
            value={question}
            onInput={({ currentTarget }) => setQuestion(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") chat.stop();
              if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
        </label>
        <div class="bar">
          <label>
            {said.maxNewTokens}{" "}
            <input
              type="number"
              min={1}
              max={4096}
              value={maxNewTokens}
              onInput={({ currentTarget }) => setMaxNewTokens(whole(currentTarget.value, 1, 4096))}
            />
          </label>
          <label>
            {said.temperature}{" "}
            <input
              type="number"
              min={0}
              max={2}
              step={0.1}
              value={temperature}
              onInput={({ currentTarget }) =>
                setTemperature(Math.min(2, Math.max(0, Number(currentTarget.value) || 0)))
              }
            />
          </label>
        </div>
        <div class="actions">
          <button type="button" class="plain" onClick={chat.clear}>
            {said.clear}
          </button>
          {chat.isBusy ? (
            <button type="button" class="last" onClick={chat.stop}>
              {said.stop}
            </button>
          ) : (
            <button type="submit">{said.send}</button>
          )}
        </div>
      </form>
    </>
  );
}

function SideTurns({ side, said }: { readonly side: SideState; readonly said: RunsWords }): JSX.Element {
  const name = said.sides[side.side];
  return (
    <section class="card" aria-label={name} data-side={side.side} data-progress={side.progress}>
      <h2>{name}</h2>
      {side.turns.map(({ role, content }, at) => (
        <div key={at} class={`turn ${role}`}>
          <b class="soft">{role === "user" ? said.you : name}</b>
          {content === "" && side.progress === "answering" ? (
            <p class="soft">…</p>
          ) : (
            <ReplyText text={content} said={said} />
          )}
        </div>
      ))}
      {side.progress === "cut" && <p class="soft">{said.cut}</p>}
      {side.progress === "stopped" && <p class="soft">{said.stopped}</p>}
    </section>
  );
}

const whole = (text: string, least: number, most: number): number =>
  Math.min(most, Math.max(least, Math.round(Number(text) || least)));
