import type { AnswerContent, Flag, Judgement, Preference, Question } from "@lathe/annotate";

/** An answer that is being given. */
export interface Draft {
  readonly ratings: readonly Partial<Judgement>[];
  readonly preferences: readonly (Preference | null)[];
  readonly comment: string;
  readonly flags: readonly Flag[];
}

/**
 * Changes a draft as it is then. What is given through the page may come faster than the page is drawn: a change of the draft that
 * was drawn last would take back what came since.
 */
export type ChangeDraft = (change: (draft: Draft) => Draft) => void;

/** One thing that is asked: a rating of a reply, or a preference between two. */
export type Slot =
  | { readonly kind: "rating"; readonly reply: number; readonly question: Question }
  | { readonly kind: "preference"; readonly pair: number };

const questions: readonly Question[] = ["fluency", "relevance"];

/** A name for a slot, also of its element in the page. */
export const slotId = (slot: Slot): string =>
  slot.kind === "rating" ? `rating-${slot.reply}-${slot.question}` : `preference-${slot.pair}`;

/** An answer without anything said, or the one that stands. */
export function draftOf(replies: number, pairs: number, answer: AnswerContent | null): Draft {
  return (
    answer ?? {
      ratings: Array.from({ length: replies }, () => ({})),
      preferences: Array.from({ length: pairs }, () => null),
      comment: "",
      flags: [],
    }
  );
}

/** All that is asked, in order. */
export const slotsOf = ({ ratings, preferences }: Draft): Slot[] => [
  ...ratings.flatMap((_, reply) => questions.map((question): Slot => ({ kind: "rating", reply, question }))),
  ...preferences.map((_, pair): Slot => ({ kind: "preference", pair })),
];

/** What was said; null where nothing was. */
export function valueAt({ ratings, preferences }: Draft, slot: Slot): number | null {
  return slot.kind === "rating" ? (ratings[slot.reply][slot.question] ?? null) : preferences[slot.pair];
}

/** The draft with something said. */
export function withValue(draft: Draft, slot: Slot, value: number): Draft {
  if (slot.kind === "preference") {
    return { ...draft, preferences: draft.preferences.with(slot.pair, value as Preference) };
  }
  const rating = { ...draft.ratings[slot.reply], [slot.question]: value };
  return { ...draft, ratings: draft.ratings.with(slot.reply, rating) };
}

/** The first thing not said yet; null where the draft is an answer. */
export const firstMissing = (draft: Draft): Slot | null =>
  slotsOf(draft).find((slot) => valueAt(draft, slot) === null) ?? null;
