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
  /**
   * By how much the model prefers the token of its reply at a place to another, in standard deviations of the logits there.
   * @param at place in the reply, from 0
   */
  margin(at: number, id: number): Promise<number>;
}

/** How far an artefact may be from the model. */
export interface GateBounds {
  /** Largest difference of a logit, in standard deviations of the prompt's logits. */
  readonly logits: number;
  /** A share of the prompts, of which one at least, may be further, up to another largest difference. @defaultValue none may */
  readonly jumps?: { readonly share: number; readonly logits: number } | undefined;
  /**
   * A token that the model prefers by no more than this to the artefact's is a near tie, which sums in another order may decide
   * otherwise; in standard deviations. 0 knows no ties.
   */
  readonly tie: number;
  /** Least share of greedy tokens that are equal or near ties, each after the tokens of the model's own reply. */
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
  /** Prompts that are further than the bound and within that of jumps. */
  readonly jumpingPrompts: number;
  readonly greedyTokens: number;
  /** Greedy tokens that are equal, each after the tokens of the model's own reply. */
  readonly equalGreedyTokens: number;
  /** Of the others, those that the model prefers by no more than the bound of ties. */
  readonly nearTies: number;
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

/** What the artefact says at the places of a reply behind one, each after the model's own tokens. */
async function repliesAfter(
  runtime: ArtefactRuntime,
  ids: readonly number[],
  greedy: readonly number[],
  place: number,
): Promise<readonly (number | undefined)[]> {
  const count = greedy.length - place - 1;
  if (count === 0) return [];
  const next = await runtime.likeliest([...ids, ...greedy.slice(0, -1)], ids.length + place);
  return Array.from({ length: count }, (_, i) => next[i]);
}

/**
 * Replays prompts in the program that will read an artefact, and holds it to the model: the chat template byte for byte, token ids,
 * logits of the first token, and the likeliest reply. After the first token that differs a reply is another text; what follows is
 * therefore asked for token by token after the model's own reply, so that one near tie counts as one token.
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
  let [largest, tokens, equal, nearTies, equalReplies, textsTokenised] = [0, 0, 0, 0, 0, 0];
  let firstReply: GateDifference | null = null;
  const jumps: GateDifference[] = [];
  for (const [prompt, { ids, text, logits, greedy, margin }] of references.entries()) {
    if (text !== null) {
      textsTokenised++;
      const theirs = await runtime.tokenize(text);
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
      const isJump = bounds.jumps !== undefined && worst <= bounds.jumps.logits;
      (isJump ? jumps : differences).push({
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
    if (same === greedy.length) {
      equalReplies++;
      continue;
    }
    firstReply ??= { prompt, what: "greedy tokens", expected: shown(greedy), actual: shown(reply) };
    const next = await repliesAfter(runtime, ids, greedy, same);
    for (const [i, id] of [reply[same], ...next].entries()) {
      const at = same + i;
      if (id === greedy[at]) equal++;
      else if (id !== undefined && bounds.tie > 0 && (await margin(at, id)) <= bounds.tie) nearTies++;
    }
  }
  if (jumps.length > Math.ceil((bounds.jumps?.share ?? 0) * references.length)) differences.push(jumps[0]);
  if (firstReply && equal + nearTies < bounds.greedy * tokens) differences.push(firstReply);
  return {
    runtime: runtime.name,
    prompts: references.length,
    bounds,
    textsTokenised,
    largestLogitDifference: largest,
    jumpingPrompts: jumps.length,
    greedyTokens: tokens,
    equalGreedyTokens: equal,
    nearTies,
    equalReplies,
    firstDifference: differences[0] ?? null,
    passed: differences.length === 0,
  };
}
