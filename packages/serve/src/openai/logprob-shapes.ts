import type { Tokenizer } from "@lathe/model";
import type { ChosenLogprob } from "../replies/token-chooser.js";

/** A number that JSON has: a token that was ruled out has a probability of zero. */
const finite = (logprob: number): number => Math.max(logprob, -9999);

/** Text and bytes of a token; control tokens are written out. */
function tokenOf(tokenizer: Tokenizer, id: number): { readonly token: string; readonly bytes: number[] } {
  const bytes =
    tokenizer.tokenBytes(id) ?? Buffer.from(tokenizer.decode([id], { skipSpecialTokens: false }), "utf8");
  return { token: Buffer.from(bytes).toString("utf8"), bytes: [...bytes] };
}

/** A token's probability as replies to dialogues tell it. */
export function chatLogprob(tokenizer: Tokenizer, { id, logprob, top }: ChosenLogprob): object {
  return {
    ...tokenOf(tokenizer, id),
    logprob: finite(logprob),
    top_logprobs: top.map((one) => ({ ...tokenOf(tokenizer, one.id), logprob: finite(one.logprob) })),
  };
}

/** Probabilities of tokens as continuations of texts tell them. */
export function completionLogprobs(
  tokenizer: Tokenizer,
  tokens: readonly ChosenLogprob[],
  offset = 0,
): {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: object[];
  readonly text_offset: number[];
} {
  const texts = tokens.map(({ id }) => tokenOf(tokenizer, id).token);
  let place = offset;
  return {
    tokens: texts,
    token_logprobs: tokens.map(({ logprob }) => finite(logprob)),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map(({ id, logprob }) => [tokenOf(tokenizer, id).token, finite(logprob)])),
    ),
    text_offset: texts.map((text) => {
      const start = place;
      place += text.length;
      return start;
    }),
  };
}
