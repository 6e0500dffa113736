import { useRef, useState } from "preact/hooks";
import type { AnswerContent, Receipt } from "@lathe/annotate";
import type { TaskReply } from "../api.js";
import type { BrowserStore } from "./browser-store.js";
import { RefusedError } from "./client.js";
import { type ChangeDraft, type Draft, draftOf, firstMissing } from "./draft.js";
import { focusSlot } from "./use-keys.js";
import { newClientId, type Outbox } from "./outbox.js";
import { useSeconds } from "./use-seconds.js";

/** A task that is before someone. */
export type Task = NonNullable<TaskReply["task"]>;

/** Where an answer is on its way. */
export type SaveState =
  | { readonly name: "editing" }
  | { readonly name: "saving" }
  | { readonly name: "waiting" }
  | { readonly name: "conflict" }
  | { readonly name: "refused"; readonly reason: string };

/** A task with what is said of it. */
export interface Judging {
  readonly draft: Draft;
  readonly state: SaveState;
  readonly isTried: boolean;
  /** The draft as it is now, which may not be drawn yet. */
  readonly draftNow: () => Draft;
  readonly changeDraft: ChangeDraft;
  readonly save: () => void;
}

interface KeptDraft {
  readonly revision: number;
  readonly draft: Draft;
}

/**
 * Judging one task: the draft, which the browser keeps, and its way to the disk. What uses it has the task's position and revision
 * as its key, so that it begins anew with another task.
 *
 * @param onSaved called once the answer stands
 */
export function useJudging(
  task: Task,
  outbox: Outbox,
  store: BrowserStore,
  onSaved: (receipt: Receipt) => void,
): Judging {
  const key = `draft:${task.position}`;
  const fresh = (): Draft => {
    const kept = store.get<KeptDraft>(key);
    const isOfTask = kept?.revision === task.revision && kept.draft.ratings.length === task.replies.length;
    return isOfTask ? kept.draft : draftOf(task.replies.length, task.pairs.length, task.answer);
  };
  const [draft, setDraft] = useState(fresh);
  const latest = useRef(draft);
  const isUnderWay = useRef(false);
  const [state, setState] = useState<SaveState>({ name: "editing" });
  const [isTried, setTried] = useState(false);
  const [revision, setRevision] = useState(task.revision);
  const seconds = useSeconds(task);

  const save = (): void => {
    if (isUnderWay.current) return;
    const missing = firstMissing(latest.current);
    if (missing !== null) {
      setTried(true);
      focusSlot(missing);
      return;
    }
    isUnderWay.current = true;
    setState({ name: "saving" });
    const answer = {
      client: newClientId(),
      position: task.position,
      revision,
      seconds: seconds(),
      content: latest.current as AnswerContent,
    };
    outbox
      .send(answer, () => setState({ name: "waiting" }))
      .then((receipt) => {
        if (receipt.outcome === "conflict") {
          isUnderWay.current = false;
          setRevision(receipt.revision);
          setState({ name: "conflict" });
          return;
        }
        store.remove(key);
        // Other windows of the same person see this and go on as well.
        store.set("answered", { position: task.position, revision: receipt.revision, client: answer.client });
        onSaved(receipt);
      })
      .catch((error: unknown) => {
        isUnderWay.current = false;
        setState({ name: "refused", reason: error instanceof RefusedError ? error.message : String(error) });
      });
  };
  return {
    draft,
    state,
    isTried,
    draftNow: () => latest.current,
    changeDraft: (change) => {
      if (isUnderWay.current) return;
      latest.current = change(latest.current);
      setDraft(latest.current);
      store.set(key, { revision, draft: latest.current } satisfies KeptDraft);
    },
    save,
  };
}
