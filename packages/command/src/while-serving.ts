import { once } from "node:events";

/**
 * Keeps a server running until the user interrupts.
 *
 * @param signal aborts then   @param say tells people where it is
 * @param stop ends it, also where it could not be told of; what it serves at the moment ends first
 */
export async function whileServing(
  signal: AbortSignal,
  say: () => void | Promise<void>,
  stop: () => Promise<void>,
): Promise<void> {
  try {
    await say();
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await stop();
  }
}
