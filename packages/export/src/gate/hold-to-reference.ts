import type { ArtefactRuntime } from "./artefact-runtime.js";

/** What an artefact has to say to a prompt. */
export interface GateReference {
  readonly ids: readonly number[];
  /** The prompt as a text that becomes these ids; null where the artefact is not asked for ids. */
  readonly text: string | null;
  /** Logits of the first token of the reply. [V] */
  readonly logits: Float32Array;
  /** The likeliest reply, its end included. */
  readonly greedy: readonly number[];
}

/** How far an artefact may be from the model. */
export interface GateBounds {
  /** Largest difference of a logit, in standard deviations of the prompt's logits. */
  readonly logits: number;
  /** Least share of greedy tokens that are equal. */
  readonly greedy: number;
}

/** Where an artefact first differs. */
export interface GateDifference {
  /** Number of the prompt, from 0; null for the template. */
  readonly prompt: number | null;
  readonly what: "template" | "token ids" | "logits" | "greedy tokens";
  readonly expected: string;
  readonly actual: string;
}

/** What replaying prompts has shown. */
export interface GateReport {
  readonly runtime: string;
  readonly prompts: number;
  readonly bounds: GateBounds;
  /** Prompts whose text the artefact was asked to tokenise. */
  readonly textsTokenised: number;
  /** Largest difference of a first-token logit, in standard deviations. */
  readonly largestLogitDifference: number;
  readonly greedyTokens: number;
  readonly equalGreedyTokens: number;
  /** Replies that are equal to their end. */
  readonly equalReplies: number;
  /** The first difference beyond the bounds; null where the artefact passes. */
  readonly firstDifference: GateDifference | null;
  readonly passed: boolean;
}

const shown = (ids: readonly number[]): string =>
  `[${ids.slice(0, 24).join(", ")}${ids.length > 24 ? ", …" : ""}]`;

function deviationOf(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

/** Tokens before the first that differs; all of the expected ones where none does. */
function equalTokens(expected: readonly number[], actual: readonly number[]): number {
  const at = expected.findIndex((id, i) => id !== actual[i]);
  return at < 0 ? expected.length : at;
}

/**
 * Replays prompts in the program that will read an artefact, and holds it to the model: the chat template byte for byte, token ids,
 * logits of the first token, and the likeliest reply. After the first token that differs a reply is another text, so all that follow
 * count as different.
 */
export async function holdToReference(
  runtime: ArtefactRuntime,
  references: readonly GateReference[],
  {
    template,
    ends,
    bounds,
  }: { readonly template: string | null; readonly ends: readonly number[]; readonly bounds: GateBounds },
): Promise<GateReport> {
  const differences: GateDifference[] = [];
  if (template !== runtime.template) {
    const quoted = (text: string | null): string => JSON.stringify(text)?.slice(0, 200) ?? "none";
    differences.push({
      prompt: null,
      what: "template",
      expected: quoted(template),
      actual: quoted(runtime.template),
    });
  }
  let [largest, tokens, equal, equalReplies, textsTokenised] = [0, 0, 0, 0, 0];
  let firstReply: GateDifference | null = null;
  for (const [prompt, { ids, text, logits, greedy }] of references.entries()) {
    if (text !== null) {
      textsTokenised++;
      const theirs = runtime.tokenize(text);
      if (theirs.length !== ids.length || equalTokens(ids, theirs) < ids.length) {
        differences.push({ prompt, what: "token ids", expected: shown(ids), actual: shown(theirs) });
      }
    }
    const actual = await runtime.logits(ids);
    const deviation = deviationOf(logits);
    let [worst, worstId] = [0, 0];
    for (let id = 0; id < logits.length; id++) {
      // What is no number is no small difference.
      const difference = Math.abs(actual[id] - logits[id]) / deviation;
      if (!(difference <= worst)) [worst, worstId] = [Number.isNaN(difference) ? Infinity : difference, id];
    }
    largest = Math.max(largest, worst);
    if (worst > bounds.logits) {
      differences.push({
        prompt,
        what: "logits",
        expected: `${logits[worstId]} for token ${worstId}`,
        actual: String(actual[worstId]),
      });
    }
    const reply = await runtime.greedy(ids, greedy.length, ends);
    const same = equalTokens(greedy, reply);
    tokens += greedy.length;
    equal += same;
    if (same === greedy.length) equalReplies++;
    else firstReply ??= { prompt, what: "greedy tokens", expected: shown(greedy), actual: shown(reply) };
  }
  if (firstReply && equal < bounds.greedy * tokens) differences.push(firstReply);
  return {
    runtime: runtime.name,
    prompts: references.length,
    bounds,
    textsTokenised,
    largestLogitDifference: largest,
    greedyTokens: tokens,
    equalGreedyTokens: equal,
    equalReplies,
    firstDifference: differences[0] ?? null,
    passed: differences.length === 0,
  };
}
