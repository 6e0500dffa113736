import type { TaskProgress } from "@lathe/annotate";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TaskReply } from "../api.js";
import type { BrowserStore } from "./browser-store.js";
import type { Client } from "./client.js";
import { JudgeForm } from "./judge-form.js";
import { KeyHelp } from "./key-help.js";
import { Outbox } from "./outbox.js";
import { SaveNotice } from "./save-notice.js";
import { type Task, useJudging } from "./use-judging.js";
import { useKeys } from "./use-keys.js";
import { useServer } from "./use-server.js";
import type { Words } from "./words.js";

interface ViewProps {
  readonly client: Client;
  readonly store: BrowserStore;
  readonly said: Words;
}

/** The room of an annotator: task after task. */
export function AnnotateView({ client, store, said }: ViewProps): JSX.Element {
  const [outbox] = useState(() => new Outbox(client, store));
  const [path, setPath] = useState("/api/tasks/next");
  const [{ reply, isLost }, reload] = useServer<TaskReply>(path, async (asked) => {
    // What was not acknowledged when the page was left comes first.
    for (const answer of outbox.waiting()) await outbox.send(answer, () => undefined).catch(() => undefined);
    return client.get<TaskReply>(asked);
  });
  const goOn = (): void => (path === "/api/tasks/next" ? reload() : setPath("/api/tasks/next"));
  const shown = useRef<number | null>(null);
  shown.current = reply?.task?.position ?? null;
  useEffect(() => {
    const onStorage = ({ key, newValue }: StorageEvent): void => {
      if (key !== `${store.prefix}answered` || newValue === null) return;
      const { position } = JSON.parse(newValue) as { readonly position: number };
      if (position === shown.current) goOn();
    };
    addEventListener("storage", onStorage);
    return () => removeEventListener("storage", onStorage);
  });

  if (reply === null) return <p role="status">{isLost ? said.cannotLoad : said.loading}</p>;
  const { task, progress } = reply;
  const back = (): void => {
    const position = (task?.position ?? progress.total) - 1;
    if (position >= 0) setPath(`/api/tasks/${position}`);
  };
  return (
    <>
      <ProgressLine progress={progress} said={said} />
      {task === null ? (
        <section class="card" aria-live="polite">
          <h1>{said.done}</h1>
          <p>{said.doneHint}</p>
          <button type="button" onClick={back}>
            {said.undo}
          </button>
        </section>
      ) : (
        <TaskView
          key={`${task.position}-${task.revision}`}
          {...{ task, outbox, store, said }}
          onSaved={goOn}
          onBack={back}
        />
      )}
    </>
  );
}

function TaskView({
  task,
  outbox,
  store,
  said,
  onSaved,
  onBack,
}: Omit<ViewProps, "client"> & {
  readonly task: Task;
  readonly outbox: Outbox;
  readonly onSaved: () => void;
  readonly onBack: () => void;
}): JSX.Element {
  const { draft, draftNow, changeDraft, state, isTried, save } = useJudging(task, outbox, store, onSaved);
  const [usesKeys, setUsesKeys] = useState(() => store.get<boolean>("keys") ?? true);
  useKeys(usesKeys, { draftNow, changeDraft, onSave: save, onBack });
  const head = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    head.current?.focus();
    scrollTo(0, 0);
  }, []);
  const chooseKeys = (uses: boolean): void => {
    setUsesKeys(uses);
    store.set("keys", uses);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <h1 ref={head} tabIndex={-1}>
        {said.task(task.position + 1)}
      </h1>
      <JudgeForm {...{ task, draft, said, isTried, changeDraft }} />
      <SaveNotice state={state} said={said} onGoOn={onSaved} />
      <div class="actions">
        <button type="button" class="plain" disabled={task.position === 0} onClick={onBack}>
          {said.undo}
        </button>
        <button type="submit" disabled={state.name === "saving" || state.name === "waiting"}>
          {said.save}
        </button>
      </div>
      <KeyHelp said={said} isOn={usesKeys} onChange={chooseKeys} />
    </form>
  );
}

function ProgressLine({
  progress: { done, total, secondsLeft },
  said,
}: {
  readonly progress: TaskProgress;
  readonly said: Words;
}): JSX.Element {
  return (
    <div class="progress">
      <progress aria-label={said.progressName} value={done} max={Math.max(total, 1)} />
      <span>
        {said.progress(done, total)}
        {secondsLeft !== null && done < total && <> · {said.timeLeft(Math.round(secondsLeft / 60))}</>}
      </span>
    </div>
  );
}
