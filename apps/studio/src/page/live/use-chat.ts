import { useRef, useState } from "preact/hooks";
import type { ChatEvents, ChatRequest, Side, Turn } from "../../runs-api.js";
import { type Client, RefusedError } from "../client.js";
import { serverEvents } from "./server-events.js";

/** What a side said last, and how that goes. */
export interface SideState {
  readonly side: Side;
  readonly turns: readonly Turn[];
  readonly progress: "idle" | "asked" | "answering" | "done" | "cut" | "stopped";
}

/** A conversation with both sides. */
export interface Chat {
  readonly sides: readonly SideState[];
  readonly isBusy: boolean;
  readonly isWaiting: boolean;
  /** Why there is no answer; null for none. */
  readonly fault: string | null;
  ask(question: string, options: Pick<ChatRequest, "maxNewTokens" | "temperature">): void;
  stop(): void;
  clear(): void;
}

const begun: readonly SideState[] = (["base", "tuned"] as const).map((side) => ({
  side,
  turns: [],
  progress: "idle",
}));

/** A conversation with a run, as the model was before it and as it is after. */
export function useChat(client: Client, run: string): Chat {
  const [sides, setSides] = useState(begun);
  const [isBusy, setBusy] = useState(false);
  const [isWaiting, setWaiting] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const control = useRef(new AbortController());
  const change = (side: Side, changed: (before: SideState) => Partial<SideState>): void =>
    setSides((all) => all.map((one) => (one.side === side ? { ...one, ...changed(one) } : one)));

  const onEvent = (name: string, text: string): void => {
    setWaiting(name === "waiting");
    if (name === "begin") {
      const { side } = JSON.parse(text) as ChatEvents["begin"];
      change(side, ({ turns }) => ({
        turns: [...turns, { role: "assistant", content: "" }],
        progress: "answering",
      }));
    } else if (name === "piece") {
      const { side, text: piece } = JSON.parse(text) as ChatEvents["piece"];
      change(side, ({ turns }) => {
        const last = turns.at(-1)!;
        return { turns: [...turns.slice(0, -1), { ...last, content: last.content + piece }] };
      });
    } else if (name === "end") {
      const { side, finishReason } = JSON.parse(text) as ChatEvents["end"];
      change(side, () => ({ progress: finishReason === "length" ? "cut" : "done" }));
    } else if (name === "fault") {
      setFault((JSON.parse(text) as ChatEvents["fault"]).message);
    }
  };

  const ask: Chat["ask"] = (question, options) => {
    if (isBusy || question.trim() === "") return;
    const asked = sides.map(({ side, turns }) => ({
      side,
      // A reply that was stopped before it began is none.
      turns: [...turns.filter(({ content }) => content !== ""), { role: "user", content: question } as const],
    }));
    setSides(asked.map((one) => ({ ...one, progress: "asked" })));
    setFault(null);
    setBusy(true);
    control.current = new AbortController();
    const { signal } = control.current;
    void (async () => {
      try {
        const request = {
          run,
          sides: asked.map(({ side, turns }) => ({ side, messages: turns })),
          ...options,
        };
        const body = await client.stream("/api/chat", request satisfies ChatRequest, signal);
        for await (const { name, data } of serverEvents(body)) onEvent(name, data);
      } catch (error) {
        if (!signal.aborted) setFault(error instanceof RefusedError ? error.message : String(error));
      }
      setSides((all) =>
        all.map((one) =>
          one.progress === "asked" || one.progress === "answering" ? { ...one, progress: "stopped" } : one,
        ),
      );
      setWaiting(false);
      setBusy(false);
    })();
  };
  return {
    sides,
    isBusy,
    isWaiting,
    fault,
    ask,
    stop: () => control.current.abort(),
    clear: () => {
      control.current.abort();
      setSides(begun);
      setFault(null);
    },
  };
}
