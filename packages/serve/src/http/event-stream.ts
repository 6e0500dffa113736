import type { ApiError } from "../openai/api-error.js";

/**
 * Events for a stream of the server's: `data:` lines, and `[DONE]` at the end. All lines that are there go out in one write, and no more are
 * asked for before the last were taken.
 *
 * @param failed gives the error that the client is told
 */
export function eventStream(
  chunks: AsyncGenerator<readonly object[], void, undefined>,
  failed: (error: unknown) => ApiError,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const lines = (texts: readonly string[]): Uint8Array =>
    encoder.encode(texts.map((text) => `data: ${text}\n\n`).join(""));
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        controller.enqueue(lines(done ? ["[DONE]"] : value.map((chunk) => JSON.stringify(chunk))));
        if (done) controller.close();
      } catch (error) {
        controller.enqueue(lines([JSON.stringify(failed(error).toJSON())]));
        controller.close();
      }
    },
    async cancel() {
      await chunks.return();
    },
  });
}
