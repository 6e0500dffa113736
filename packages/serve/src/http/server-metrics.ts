/** Upper bounds of the buckets of durations, in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** A course of durations by buckets, as Prometheus counts them. */
class Histogram {
  readonly #counts = BOUNDS.map(() => 0);
  #count = 0;
  #sum = 0;

  add(seconds: number): void {
    this.#count++;
    this.#sum += seconds;
    for (const [index, bound] of BOUNDS.entries()) if (seconds <= bound) this.#counts[index]++;
  }

  lines(name: string): string[] {
    return [
      ...BOUNDS.map((bound, index) => `${name}_bucket{le="${bound}"} ${this.#counts[index]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** What is so at the moment of asking. */
export interface Gauges {
  /** Replies under way, and replies that wait. */
  readonly running: number;
  readonly waiting: number;
  /** Tokens of kept texts. */
  readonly keptTokens: number;
}

/** Counts what a server does; nothing of what is said. */
export class ServerMetrics {
  /** By route and status. */
  readonly #requests = new Map<string, number>();
  readonly #firstToken = new Histogram();
  readonly #step = new Histogram();
  #steppedReplies = 0;
  promptTokens = 0;
  cachedTokens = 0;
  generatedTokens = 0;
  /** Replies whose client went away or whose time was over. */
  abortedReplies = 0;

  /** A request was answered. */
  request(route: string, status: number): void {
    const key = `route="${route}",status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  /** The first token of a reply has come, so many seconds after it was asked for. */
  firstToken(seconds: number): void {
    this.#firstToken.add(seconds);
  }

  /** A step of the batch has been computed. */
  step(seconds: number, replies: number): void {
    this.#step.add(seconds);
    this.#steppedReplies += replies;
  }

  /** All of it in Prometheus' text format, version 0.0.4. */
  text({ running, waiting, keptTokens }: Gauges): string {
    const metric = (name: string, type: string, help: string, lines: readonly string[]): string[] => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...lines,
    ];
    const single = (name: string, type: string, help: string, value: number): string[] =>
      metric(name, type, help, [`${name} ${value}`]);
    const requests = Array.from(this.#requests, ([key, count]) => `lathe_requests_total{${key}} ${count}`);
    const [first, step] = ["lathe_first_token_seconds", "lathe_step_seconds"];
    return [
      ...metric("lathe_requests_total", "counter", "Requests answered.", requests),
      ...single("lathe_replies_running", "gauge", "Replies under way.", running),
      ...single("lathe_replies_waiting", "gauge", "Replies that wait for a place.", waiting),
      ...single(
        "lathe_replies_aborted_total",
        "counter",
        "Replies given up before their end.",
        this.abortedReplies,
      ),
      ...single("lathe_prompt_tokens_total", "counter", "Tokens of prompts.", this.promptTokens),
      ...single(
        "lathe_cached_tokens_total",
        "counter",
        "Tokens of prompts that were kept from texts before.",
        this.cachedTokens,
      ),
      ...single("lathe_generated_tokens_total", "counter", "Tokens generated.", this.generatedTokens),
      ...single("lathe_kept_tokens", "gauge", "Tokens of kept texts.", keptTokens),
      ...single(
        "lathe_stepped_replies_total",
        "counter",
        "Replies that steps were for, summed over steps.",
        this.#steppedReplies,
      ),
      ...metric(
        first,
        "histogram",
        "Seconds from a request to the first token of its reply.",
        this.#firstToken.lines(first),
      ),
      ...metric(step, "histogram", "Seconds that a step of the batch took.", this.#step.lines(step)),
      ...processLines().flatMap(([name, type, help, value]) => single(name, type, help, value)),
      "",
    ].join("\n");
  }
}

/** What the process takes, under the names that clients of Prometheus have for it. */
function processLines(): (readonly [name: string, type: string, help: string, value: number])[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return [
    ["process_cpu_seconds_total", "counter", "Processor time of all threads.", (user + system) / 1e6],
    ["process_resident_memory_bytes", "gauge", "Resident memory.", rss],
    ["nodejs_heap_size_total_bytes", "gauge", "Memory of JavaScript's heap.", heapTotal],
    ["nodejs_heap_size_used_bytes", "gauge", "What of it is in use.", heapUsed],
  ];
}
