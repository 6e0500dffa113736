/** An event that a server has sent. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * The events of a stream as the browser's own `EventSource` reads them, which can send no secret along.
 *
 * @param onSign called for whatever comes, a sign of life included
 */
export async function* serverEvents(
  body: ReadableStream<Uint8Array>,
  onSign: () => void = () => undefined,
): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onSign();
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = parts.pop()!;
      for (const part of parts) {
        const event = eventOf(part);
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function eventOf(part: string): ServerEvent | null {
  let name = "message";
  const data: string[] = [];
  for (const line of part.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return data.length === 0 ? null : { name, data: data.join("\n") };
}
