/** What a client waited for. */
export interface AskedCompletion {
  /** Milliseconds from the request to the first text. */
  readonly firstText: number;
  /** Milliseconds to the end. */
  readonly whole: number;
  readonly tokens: number;
}

/** What a client asks for. */
export interface CompletionQuestion {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly seed: number;
  readonly model: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks for a continuation over HTTP as clients do, in a stream of events.
 * @throws Error for an answer other than a stream that ends as it should
 */
export async function askCompletion(url: string, question: CompletionQuestion): Promise<AskedCompletion> {
  const { prompt, maxTokens, seed, model, signal } = question;
  const started = performance.now();
  const reply = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      model,
      prompt,
      seed,
      max_tokens: maxTokens,
      temperature: 1,
      stream: true,
      stream_options: { include_usage: true },
    }),
    signal: signal ?? null,
  });
  if (!reply.ok || !reply.body) throw new Error(`${reply.status} ${await reply.text()}`);
  let firstText: number | null = null;
  let [text, isDone, tokens] = ["", false, 0];
  for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const lines = text.split("\n\n");
    text = lines.pop()!;
    for (const line of lines) {
      isDone = line === "data: [DONE]";
      if (isDone) continue;
      const { choices, usage } = JSON.parse(line.slice("data: ".length)) as {
        choices: readonly { text: string }[];
        usage: { completion_tokens: number } | null;
      };
      if ((choices[0]?.text ?? "") !== "") firstText ??= performance.now() - started;
      tokens = usage?.completion_tokens ?? tokens;
    }
  }
  if (!isDone) throw new Error("the stream ended without [DONE]");
  const whole = performance.now() - started;
  return { firstText: firstText ?? whole, whole, tokens };
}
