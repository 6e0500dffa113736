import type { AnswerContent, DisputedRow } from "@lathe/annotate";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DisputeReply, DisputesReply } from "../api.js";
import type { BrowserStore } from "./browser-store.js";
import type { Client } from "./client.js";
import { JudgeForm, letterOf } from "./judge-form.js";
import { Outbox } from "./outbox.js";
import { ReplyText } from "./reply-text.js";
import { SaveNotice } from "./save-notice.js";
import { Table } from "./table.js";
import { type Task, useJudging } from "./use-judging.js";
import { useServer } from "./use-server.js";
import type { Words } from "./words.js";

interface ViewProps {
  readonly client: Client;
  readonly store: BrowserStore;
  readonly said: Words;
}

/** The room of who settles what annotators disagree about: row after row, with what each of them said. */
export function AdjudicateView({ client, store, said }: ViewProps): JSX.Element {
  const [outbox] = useState(() => new Outbox(client, store));
  const [{ reply, isLost }, reload] = useServer<DisputesReply>("/api/disputes", async (path) => {
    for (const answer of outbox.waiting()) await outbox.send(answer, () => undefined).catch(() => undefined);
    return client.get<DisputesReply>(path);
  });
  const [chosen, choose] = useState<number | null>(null);
  if (reply === null) return <p role="status">{isLost ? said.cannotLoad : said.loading}</p>;
  const { disputed } = reply;
  const open = disputed.filter(({ isSettled }) => !isSettled);
  const row = chosen ?? open[0]?.row ?? null;
  const name = ({ id, isSettled }: DisputedRow): string => (isSettled ? `${id} (${said.settled})` : id);
  return (
    <>
      <h1>{said.adjudicate}</h1>
      <p>{disputed.length === 0 ? said.noDisputes : said.openRows(open.length, disputed.length)}</p>
      {disputed.length > 0 && (
        <label>
          {said.choose}{" "}
          <select value={row ?? ""} onChange={({ currentTarget }) => choose(Number(currentTarget.value))}>
            {row === null && <option value="">–</option>}
            {disputed.map((one) => (
              <option key={one.row} value={one.row}>
                {name(one)}
              </option>
            ))}
          </select>
        </label>
      )}
      {row !== null && (
        <DisputeView
          {...{ client, store, said, row, outbox }}
          key={row}
          onSaved={() => {
            choose(null);
            reload();
          }}
        />
      )}
    </>
  );
}

function DisputeView({
  client,
  row,
  said,
  ...rest
}: ViewProps & { readonly row: number; readonly outbox: Outbox; readonly onSaved: () => void }): JSX.Element {
  const [{ reply, isLost }] = useServer(`/api/disputes/${row}`, (path) => client.get<DisputeReply>(path));
  if (reply?.task == null) return <p role="status">{isLost ? said.cannotLoad : said.loading}</p>;
  return (
    <>
      <section class="card" aria-labelledby="others">
        <h2 id="others">{said.others}</h2>
        <Judgements judgements={reply.judgements} pairs={reply.task.pairs} said={said} />
      </section>
      <SettleForm
        key={`${reply.task.position}-${reply.task.revision}`}
        task={reply.task}
        said={said}
        {...rest}
      />
    </>
  );
}

function SettleForm({
  task,
  outbox,
  store,
  said,
  onSaved,
}: Omit<ViewProps, "client"> & {
  readonly task: Task;
  readonly outbox: Outbox;
  readonly onSaved: () => void;
}): JSX.Element {
  const { draft, changeDraft, state, isTried, save } = useJudging(task, outbox, store, onSaved);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <JudgeForm {...{ task, draft, said, isTried, changeDraft }} />
      <SaveNotice state={state} said={said} onGoOn={onSaved} />
      <div class="actions">
        <button type="submit" disabled={state.name === "saving" || state.name === "waiting"}>
          {said.saveSettled}
        </button>
      </div>
    </form>
  );
}

function Judgements({
  judgements,
  pairs,
  said,
}: {
  readonly judgements: DisputeReply["judgements"];
  readonly pairs: Task["pairs"];
  readonly said: Words;
}): JSX.Element {
  const replies = judgements[0]?.content.ratings.map((_, reply) => letterOf(reply)) ?? [];
  const preferred = ({ preferences }: AnswerContent): string[] =>
    pairs.map(([first, second], pair) =>
      preferences[pair] === 0 ? said.tie : said.first(letterOf(preferences[pair] === 1 ? second : first)),
    );
  const columns = [
    said.annotator,
    ...replies.flatMap((letter) => [
      `${letter}: ${said.questions.fluency}`,
      `${letter}: ${said.questions.relevance}`,
    ]),
    ...pairs.map(([first, second]) => `${letterOf(first)} – ${letterOf(second)}`),
    said.flags,
  ];
  return (
    <>
      <Table
        caption={said.others}
        columns={columns}
        rows={judgements.map(({ annotator, content }) => [
          annotator,
          ...content.ratings.flatMap(({ fluency, relevance }) => [String(fluency), String(relevance)]),
          ...preferred(content),
          content.flags.map((flag) => said.flag[flag]).join(", "),
        ])}
      />
      {judgements
        .filter(({ content }) => content.comment !== "")
        .map(({ annotator, content }) => (
          <div key={annotator}>
            <b>{annotator}</b>
            <ReplyText text={content.comment} said={said} />
          </div>
        ))}
    </>
  );
}
