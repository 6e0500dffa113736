import { expect, it } from "vitest";
import { serverEvents } from "./server-events.js";

const text = 'event: curve\ndata: {"a":"é中🙂"}\n\n: alive\n\ndata: one\ndata: two\n\nevent: cut\ndata: of';
const bytes = new TextEncoder().encode(text);

it.each([1, 2, 3, 7, 64, 1000])("events are whole, however the stream is cut: %i bytes", async (size) => {
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
  let signs = 0;
  const events = [];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  for await (const event of serverEvents(body, () => signs++)) events.push(event);
  expect(events).toEqual([
    { name: "curve", data: '{"a":"é中🙂"}' },
    { name: "message", data: "one\ntwo" },
  ]);
  expect(signs).toBe(parts.length);
});
