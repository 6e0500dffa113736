import { useEffect, useState } from "preact/hooks";
import type { AnswerContent, Receipt } from "@lathe/annotate";
import type { TaskReply } from "../api.js";
import type { BrowserStore } from "./browser-store.js";
import { RefusedError } from "./client.js";
import { type Draft, draftOf, firstMissing } from "./draft.js";
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
  readonly onDraft: (draft: Draft) => void;
  readonly save: () => void;
}

interface KeptDraft {
  readonly revision: number;
  readonly draft: Draft;
}

/**
 * Judging one task: the draft, which the browser keeps, and its way to the disk.
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
  const [state, setState] = useState<SaveState>({ name: "editing" });
  const [isTried, setTried] = useState(false);
  const [revision, setRevision] = useState(task.revision);
  const seconds = useSeconds(task);
  useEffect(() => {
    setDraft(fresh());
    setState({ name: "editing" });
    setTried(false);
    setRevision(task.revision);
  }, [task]);

  const isBusy = state.name === "saving" || state.name === "waiting";
  const save = (): void => {
    if (isBusy) return;
    const missing = firstMissing(draft);
    if (missing !== null) {
      setTried(true);
      focusSlot(missing);
      return;
    }
    setState({ name: "saving" });
    const answer = {
      client: newClientId(),
      ...{ position: task.position, revision, seconds: seconds() },
      content: draft as AnswerContent,
    };
    outbox
      .send(answer, () => setState({ name: "waiting" }))
      .then((receipt) => {
        if (receipt.outcome === "conflict") {
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
        setState({ name: "refused", reason: error instanceof RefusedError ? error.message : String(error) });
      });
  };
  return {
    draft,
    state,
    isTried,
    onDraft: (next) => {
      if (isBusy) return;
      setDraft(next);
      store.set(key, { revision, draft: next } satisfies KeptDraft);
    },
    save,
  };
}
