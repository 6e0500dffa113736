import { option } from "@lathe/files";
import {
  LOSS_TURNS,
  type LossTurns,
  OVERLONG_POLICIES,
  type OverlongPolicy,
  REASONING_POLICIES,
  type ReasoningPolicy,
} from "@lathe/data";
import { z } from "zod";

type ChoiceOption<Name extends string> = z.ZodDefault<z.ZodEnum<{ [Key in Name]: Key }>>;

/** Which replies are learnt. @param field of the recipe */
export const lossOnOption = (field: string): ChoiceOption<LossTurns> =>
  option(
    z.enum(LOSS_TURNS).default("all"),
    "replies of a dialogue that are learnt: all, or the last one; turns with train: false or weight: 0 are not",
    { placeholder: "turns", field },
  );

/** What is learnt of the reasoning of replies. @param field of the recipe */
export const reasoningOption = (field: string): ChoiceOption<ReasoningPolicy> =>
  option(
    z.enum(REASONING_POLICIES).default("keep"),
    "<think> blocks that are learnt with replies; keep: all; mask: they stand in the text, not learnt; empty: an empty block instead; strip: none",
    { placeholder: "policy", field },
  );

type FollowedOption<Name extends string> = z.ZodOptional<z.ZodEnum<{ [Key in Name]: Key }>>;

/** Which replies the loss is measured on. */
export const measuredLossOnOption = (): FollowedOption<LossTurns> =>
  option(z.enum(LOSS_TURNS).optional(), "replies of a dialogue that are measured: all, or the last one", {
    placeholder: "turns",
    field: "learnt.lossOn",
    defaultText: "as trained, else all",
  });

/** What is measured of the reasoning of replies, and how prompts end. */
export const measuredReasoningOption = (): FollowedOption<ReasoningPolicy> =>
  option(
    z.enum(REASONING_POLICIES).optional(),
    "<think> blocks that are measured with replies, and asked for by prompts; keep: all; mask: they stand in the text, not measured; empty: an empty block instead; strip: none",
    { placeholder: "policy", field: "learnt.reasoning", defaultText: "as trained, else keep" },
  );

/** What a prompt does about reasoning. */
export const promptReasoningOption = (): FollowedOption<ReasoningPolicy> =>
  option(
    z.enum(REASONING_POLICIES).optional(),
    "policy that the prompt follows; empty: the prompt ends with an empty <think> block; strip: it opens none; keep and mask: as the chat template has it",
    { placeholder: "policy", field: "reasoning", defaultText: "as trained, else keep" },
  );

/** What becomes of rows that are longer than the limit of tokens. */
const overlongOption = (): ChoiceOption<OverlongPolicy> =>
  option(
    z.enum(OVERLONG_POLICIES).default("cut-right"),
    "rows longer than --max-tokens: cut at an end or in the middle, split into whole exchanges, left out, or an error",
    { placeholder: "policy" },
  );

/** Options of the rows that are learnt. */
type RowOptions = Readonly<{
  maxTokens: z.ZodOptional<z.ZodInt>;
  overlong: ChoiceOption<OverlongPolicy>;
  lossOn: ChoiceOption<LossTurns>;
  reasoning: ChoiceOption<ReasoningPolicy>;
}>;

/** How long rows may be and what is learnt of them. @param limit what holds where no length is given */
export const learntRowOptions = (limit = "what the model can read"): RowOptions => ({
  maxTokens: option(z.int().min(2).optional(), "longest row", { unit: "tokens", defaultText: limit }),
  overlong: overlongOption(),
  lossOn: lossOnOption("lossOn"),
  reasoning: reasoningOption("reasoning"),
});

/** How many of the rows to learn may be unusable. */
export const rejectLimitOption = (): z.ZodDefault<z.ZodNumber> =>
  option(z.number().min(0).max(1).default(0.05), "share of unusable rows beyond which nothing is trained", {
    placeholder: "share",
  });
