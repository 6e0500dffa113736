/** The events that the runtime of a WebAssembly module listens for on the process. */
const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/**
 * Whether a listener is the runtime's own. Both of Emscripten's throw what they are given, so that an error of the caller's
 * would end the process with exit code 7 and a line of the runtime's instead of as Node does.
 */
const isOfRuntime = (listener: (...given: never[]) => unknown): boolean => {
  const text = listener.toString().replace(/\s/g, "");
  return (
    /^function\((\w+)\)\{throw\1;?\}$/.test(text) ||
    /^function\((\w+)\)\{if\(!\(\1instanceofExitStatus\)\)\{?throw\1;?\}?\}$/.test(text)
  );
};

/**
 * Starts a WebAssembly module and takes the listeners off the process that its runtime put there meanwhile. Those of others
 * stay, also where they are added at the same time.
 */
export async function withoutProcessListeners<Result>(start: () => Promise<Result>): Promise<Result> {
  const before = EVENTS.map((event) => new Set(process.listeners(event as "uncaughtException")));
  try {
    return await start();
  } finally {
    EVENTS.forEach((event, index) => {
      for (const listener of process.listeners(event as "uncaughtException")) {
        if (!before[index].has(listener) && isOfRuntime(listener)) process.off(event, listener);
      }
    });
  }
}
