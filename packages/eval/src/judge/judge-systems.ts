import { createHash } from "node:crypto";
import { phrase } from "@lathe/files";
import { MetricOptionError } from "../errors.js";
import type { RowMetric } from "../scores/row-metric.js";
import { JudgeAnswers, type JudgeQuestion } from "./judge-answers.js";
import { JudgeEndpoint, type JudgeEndpointOptions, type JudgeMessage } from "./judge-endpoint.js";
import { JudgeError } from "./judge-error.js";
import {
  GREATEST_SCORE,
  type JudgeLanguage,
  type JudgePrompt,
  judgePrompt,
  type JudgeTask,
} from "./judge-prompt.js";
import { type PairVerdict, parsePreference, parseScore } from "./parse-verdict.js";

/** A row with what each system replied, as the judge is to see it. */
export interface JudgedRow {
  /** What was asked; null where it is not known. */
  readonly question: string | null;
  readonly references: readonly string[];
  /** One a system. */
  readonly replies: readonly string[];
}

/** Who judges, and how. */
export interface JudgeOptions extends JudgeEndpointOptions {
  /** Language of the prompt. @defaultValue that of the texts */
  readonly language?: JudgeLanguage | undefined;
  /** Questions that are open at one time. @defaultValue 4 */
  readonly concurrency?: number | undefined;
}

/** What {@link judgeSystems} is asked for. */
export interface JudgeSystemsRequest {
  readonly judge: JudgeOptions;
  /** Names of the systems; the others are compared with the first. */
  readonly systems: readonly string[];
  /** Language of the texts. */
  readonly language: JudgeLanguage;
  /** File that answers are appended to before they count; what it holds already is not asked again. */
  readonly answers: string;
  readonly signal?: AbortSignal | undefined;
  /** Rows that are judged, in whatever order. */
  readonly onRow?: ((rows: number) => void) | undefined;
}

/** How replies were judged: plain data, fit for JSON. */
export interface JudgeReport {
  /** The address that was asked. */
  readonly address: string;
  readonly model: string;
  readonly language: JudgeLanguage;
  /** What the judge was told, a task. */
  readonly prompts: { readonly [task in JudgeTask]?: JudgePrompt };
  /** Answers that were to come, and those of them that were asked for now; the others were in the file. */
  readonly answers: number;
  readonly asked: number;
  /** Tries that failed and were made again. */
  readonly retries: number;
  /** Answers that end with no verdict. */
  readonly failures: number;
  /** Pairs with a verdict in both orders, and those of them whose orders disagree: they count as ties. */
  readonly pairs: number;
  readonly disagreements: number;
  /** Of all answers, as the endpoint counts them. */
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What a judge makes of systems. */
export interface Judgement {
  readonly report: JudgeReport;
  readonly metrics: readonly RowMetric[];
}

/** Characters of a prompt's hash in a signature. */
const SHOWN_HASH = 12;

/** How a pair ends for the second system, in points. */
const [WIN, TIE, LOSS] = [100, 50, 0];

/** Numbers of pairs by how they ended for the second system. */
interface PairCounts {
  wins: number;
  ties: number;
  losses: number;
  disagreements: number;
  failures: number;
}

/**
 * Has a model judge replies: it scores each from 1 to 10, and says which of two it prefers, asked in both orders. Where the
 * orders disagree, the pair is a tie. An answer without a verdict is counted, and its row left out of that score.
 *
 * Pairwise with swapped positions: Zheng and others, 2023, https://arxiv.org/abs/2306.05685.
 *
 * @throws MetricOptionError, JudgeError, FileError; the signal's reason when it aborts
 */
export async function judgeSystems(
  rows: AsyncIterable<JudgedRow> | Iterable<JudgedRow>,
  { judge, systems, language, answers: path, signal, onRow }: JudgeSystemsRequest,
): Promise<Judgement> {
  const { concurrency = 4 } = judge;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new MetricOptionError("judge.concurrency", phrase`a whole number of at least 1`, concurrency);
  }
  const endpoint = new JudgeEndpoint(judge);
  const answers = await JudgeAnswers.open(path, verdictsIn);
  // A generator queues what is asked of it, so that no row goes to two.
  const source = numbered(rows);
  const asking = new Asking(endpoint, answers, judge.language ?? language, systems, signal);
  try {
    let done = 0;
    const work = async (): Promise<void> => {
      for (let next = await source.next(); !next.done; next = await source.next()) {
        await asking.judge(next.value.row, next.value.number);
        onRow?.(++done);
      }
    };
    // Where one fails nothing more is asked; answers on their way are waited for, as they are paid for.
    const workers = Array.from({ length: concurrency }, async () => {
      try {
        await work();
      } catch (error) {
        asking.fail(error);
      }
    });
    await Promise.all(workers);
    signal?.throwIfAborted();
    return asking.judgement();
  } finally {
    await source.return();
    await answers.close();
  }
}

/** The verdict of an answer alone, in the form that it is read in. */
function verdictsIn(answer: string): string {
  const verdict = parseScore(answer) ?? parsePreference(answer);
  return verdict === null ? "" : `[[${verdict}]]`;
}

async function* numbered(
  rows: AsyncIterable<JudgedRow> | Iterable<JudgedRow>,
): AsyncGenerator<{ readonly row: JudgedRow; readonly number: number }, void, undefined> {
  let number = 0;
  for await (const row of rows) yield { row, number: number++ };
}

/** What is asked of a judge about rows, and what came of it. */
class Asking {
  readonly #prompts: Readonly<Record<JudgeTask, JudgePrompt>>;
  /** `[system][row]`: NaN where there is none. */
  readonly #scores: number[][];
  readonly #preferences: number[][];
  readonly #scoreFailures: number[];
  readonly #pairs: PairCounts[];
  #failure: { readonly error: unknown } | null = null;
  #answered = 0;
  #asked = 0;
  #promptTokens = 0;
  #completionTokens = 0;

  constructor(
    readonly endpoint: JudgeEndpoint,
    readonly answers: JudgeAnswers,
    readonly language: JudgeLanguage,
    readonly systems: readonly string[],
    readonly signal: AbortSignal | undefined,
  ) {
    this.#prompts = { score: judgePrompt("score", language), pair: judgePrompt("pair", language) };
    this.#scores = systems.map(() => []);
    this.#preferences = systems.map(() => []);
    this.#scoreFailures = systems.map(() => 0);
    this.#pairs = systems.map(() => ({ wins: 0, ties: 0, losses: 0, disagreements: 0, failures: 0 }));
  }

  /** Has nothing more asked. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Has a row judged: each reply by itself, and each but the first beside the first. */
  async judge({ question, references, replies }: JudgedRow, row: number): Promise<void> {
    for (const [system, name] of this.systems.entries()) {
      const reply = replies[system];
      const told = await this.#ask(
        { task: "score", row, system: name, order: null },
        { question, references, reply },
      );
      const score = parseScore(told);
      if (score === null) this.#scoreFailures[system]++;
      this.#scores[system][row] = score ?? Number.NaN;
    }
    this.#preferences[0][row] = TIE;
    for (const [system, name] of this.systems.entries()) {
      if (system === 0) continue;
      const [first, second] = [replies[0], replies[system]];
      const ask = async (order: "AB" | "BA"): Promise<PairVerdict | null> => {
        const [A, B] = order === "AB" ? [first, second] : [second, first];
        const told = await this.#ask(
          { task: "pair", row, system: name, order },
          { question, references, A, B },
        );
        return parsePreference(told);
      };
      this.#preferences[system][row] = this.#pairOf(system, await ask("AB"), await ask("BA"));
    }
  }

  /** How a pair ended for the second system, in points; NaN where an order has no verdict. */
  #pairOf(system: number, straight: PairVerdict | null, swapped: PairVerdict | null): number {
    const counts = this.#pairs[system];
    if (straight === null || swapped === null) {
      counts.failures += Number(straight === null) + Number(swapped === null);
      return Number.NaN;
    }
    const turned = ({ A: "B", B: "A", C: "C" } as const)[swapped];
    if (straight !== turned) {
      counts.disagreements++;
      counts.ties++;
      return TIE;
    }
    switch (straight) {
      case "A":
        counts.losses++;
        return LOSS;
      case "B":
        counts.wins++;
        return WIN;
      case "C":
        counts.ties++;
        return TIE;
    }
  }

  async #ask(question: JudgeQuestion, material: Readonly<Record<string, unknown>>): Promise<string> {
    const { endpoint } = this;
    const messages: readonly JudgeMessage[] = [
      { role: "system", content: this.#prompts[question.task].text },
      // As JSON a text cannot pass itself off as what stands around it.
      { role: "user", content: JSON.stringify(material) },
    ];
    const key = createHash("sha256")
      .update(JSON.stringify([endpoint.address, endpoint.model, endpoint.maxTokens, question, messages]))
      .digest("base64url");
    let reply = this.answers.get(key);
    if (reply === undefined) {
      if (this.#failure) throw this.#failure.error;
      reply = await endpoint.ask(messages, this.signal);
      await this.answers.append(key, question, reply);
      this.#asked++;
    }
    this.#answered++;
    this.#promptTokens += reply.promptTokens;
    this.#completionTokens += reply.completionTokens;
    return reply.text;
  }

  /** @throws what asking failed with; JudgeError where no answer has a verdict: there is nothing to tell then */
  judgement(): Judgement {
    if (this.#failure) throw this.#failure.error;
    const { endpoint, language, systems } = this;
    const isPaired = systems.length > 1;
    const sum = (key: keyof PairCounts): number => this.#pairs.reduce((total, pair) => total + pair[key], 0);
    const failures = this.#scoreFailures.reduce((total, count) => total + count, 0) + sum("failures");
    const signature = (task: JudgeTask, how: string): string =>
      `judge:${endpoint.model}|prompt:${this.#prompts[task].hash.slice(0, SHOWN_HASH)}|lang:${language}|${how}|temp:0`;
    const metrics: RowMetric[] = [
      {
        name: "judge-score",
        signature: signature("score", `scale:1-${GREATEST_SCORE}`),
        scores: this.#scores,
        details: this.#scoreFailures.map((count) => ({ failures: count })),
      },
      {
        name: "judge-preference",
        signature: signature("pair", "orders:both|disagree:tie"),
        scores: this.#preferences,
        details: this.#pairs.map((pair, system) => (system === 0 ? null : { ...pair })),
      },
    ];
    const asked = isPaired ? metrics : metrics.slice(0, 1);
    for (const { name, scores } of asked) {
      const place = scores.findIndex((list) => list.length > 0 && list.every(Number.isNaN));
      if (place === -1) continue;
      throw new JudgeError(
        phrase`the judge ${endpoint.model}: none of its answers about ${systems[place]} ends with a verdict for ${name}, such as [[5]] or [[A]]; give another model, or more tokens an answer`,
        null,
      );
    }
    return {
      report: {
        address: endpoint.address,
        model: endpoint.model,
        language,
        prompts: isPaired ? this.#prompts : { score: this.#prompts.score },
        answers: this.#answered,
        asked: this.#asked,
        retries: endpoint.retries,
        failures,
        pairs: sum("wins") + sum("ties") + sum("losses"),
        disagreements: sum("disagreements"),
        promptTokens: this.#promptTokens,
        completionTokens: this.#completionTokens,
      },
      metrics: asked,
    };
  }
}
