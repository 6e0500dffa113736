import { useEffect, useState } from "preact/hooks";
import { isPassing, RefusedError } from "./client.js";

/** What the server said last, and how it stands with it. */
export interface ServerState<Reply> {
  readonly reply: Reply | null;
  /** Whether it has not answered the last time; it is asked again. */
  readonly isLost: boolean;
  readonly refusal: RefusedError | null;
}

/** Milliseconds after which a server that did not answer is asked again. */
const RETRY = 2000;

/**
 * Asks the server, again where it does not answer.
 *
 * @param path what to ask for; another one asks anew
 * @returns the state, and what asks again
 */
export function useServer<Reply>(
  path: string,
  ask: (path: string) => Promise<Reply>,
): readonly [ServerState<Reply>, () => void] {
  const [state, setState] = useState<ServerState<Reply>>({ reply: null, isLost: false, refusal: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const attempt = (): void => {
      ask(path)
        .then((reply) => {
          if (isCurrent) setState({ reply, isLost: false, refusal: null });
        })
        .catch((error: unknown) => {
          if (!isCurrent) return;
          if (error instanceof RefusedError && !isPassing(error)) {
            setState({ reply: null, isLost: false, refusal: error });
            return;
          }
          setState((before) => ({ ...before, isLost: true }));
          timer = setTimeout(attempt, RETRY);
        });
    };
    attempt();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [path, round]);
  return [state, () => setRound((before) => before + 1)];
}
