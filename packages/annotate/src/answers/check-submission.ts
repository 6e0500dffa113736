import { asPhrase, isRecord, phrase, type Phrase } from "@lathe/files";
import { FLAGS, MAXIMUM_COMMENT, QUESTIONS, RATING_RANGE } from "../questions.js";
import { type AnswerContent, type Judgement, pairsOf, type Preference, type Submission } from "./answer.js";
import { AnswerError } from "./answer-error.js";

/** Seconds of a task that count at most: whoever looks away for an hour does not think for an hour. */
const MOST_SECONDS = 3600;

const CLIENT_ID = /^[\w:.-]{8,100}$/;

/**
 * Holds what came from outside to the form of an answer.
 *
 * @throws AnswerError that names the field at fault
 */
export function checkSubmission(value: unknown): Submission {
  if (!isRecord(value)) throw new AnswerError("answer", "an object", kindOf(value));
  const { client, position, revision, seconds } = value;
  if (typeof client !== "string" || !CLIENT_ID.test(client)) {
    throw new AnswerError(
      "client",
      "an id of 8 to 100 letters, digits, dots, colons or hyphens",
      kindOf(client),
    );
  }
  return {
    client,
    position: wholeNumber("position", position, 0, Number.MAX_SAFE_INTEGER),
    revision: wholeNumber("revision", revision, 0, Number.MAX_SAFE_INTEGER),
    content: checkContent(value["content"]),
    seconds: checkSeconds(seconds),
  };
}

/**
 * Holds a value to the form of an answer's content; how many replies there are is looked at where the task is known.
 *
 * @throws AnswerError that names the field at fault
 */
function checkContent(value: unknown): AnswerContent {
  if (!isRecord(value)) throw new AnswerError("content", "an object", kindOf(value));
  const { ratings, preferences, comment, flags } = value;
  if (!Array.isArray(ratings)) throw new AnswerError("content.ratings", "a list", kindOf(ratings));
  if (!Array.isArray(preferences))
    throw new AnswerError("content.preferences", "a list", kindOf(preferences));
  if (typeof comment !== "string") throw new AnswerError("content.comment", "a text", kindOf(comment));
  if (comment.length > MAXIMUM_COMMENT) {
    throw new AnswerError(
      "content.comment",
      phrase`at most ${MAXIMUM_COMMENT} characters`,
      phrase`${comment.length} characters`,
    );
  }
  if (!Array.isArray(flags)) throw new AnswerError("content.flags", "a list", kindOf(flags));
  const known = FLAGS.filter((flag) => flags.includes(flag));
  if (known.length !== flags.length) {
    throw new AnswerError(
      "content.flags",
      phrase`some of ${FLAGS.join(", ")}, each once`,
      phrase`${JSON.stringify(flags).slice(0, 100)}`,
    );
  }
  return {
    ratings: ratings.map((judgement: unknown, reply) => judgementOf(judgement, `content.ratings[${reply}]`)),
    preferences: preferences.map(
      (preference: unknown, pair) =>
        wholeNumber(`content.preferences[${pair}]`, preference, -1, 1) as Preference,
    ),
    comment,
    flags: known,
  };
}

/** Whether the content is of a task with so many replies. @throws AnswerError */
export function checkReplies(content: AnswerContent, replies: number): void {
  const { ratings, preferences } = content;
  const pairs = pairsOf(replies).length;
  if (ratings.length !== replies) {
    throw new AnswerError(
      "content.ratings",
      phrase`ratings of ${replies} replies`,
      phrase`${ratings.length}`,
    );
  }
  if (preferences.length !== pairs) {
    throw new AnswerError(
      "content.preferences",
      phrase`preferences of ${pairs} pairs`,
      phrase`${preferences.length}`,
    );
  }
}

function judgementOf(value: unknown, field: string): Judgement {
  if (!isRecord(value)) throw new AnswerError(field, "an object", kindOf(value));
  const [least, most] = RATING_RANGE;
  const entries = QUESTIONS.map((question) => [
    question,
    wholeNumber(`${field}.${question}`, value[question], least, most),
  ]);
  return Object.fromEntries(entries) as Judgement;
}

function wholeNumber(field: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    const expected =
      most === Number.MAX_SAFE_INTEGER
        ? phrase`a whole number of at least ${least}`
        : phrase`a whole number from ${least} to ${most}`;
    throw new AnswerError(field, expected, typeof value === "number" ? phrase`${value}` : kindOf(value));
  }
  return value;
}

function checkSeconds(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new AnswerError("seconds", "a number of at least 0", kindOf(value));
  }
  return Math.min(value, MOST_SECONDS);
}

function kindOf(value: unknown): Phrase {
  if (value === undefined) return asPhrase("nothing");
  if (value === null) return phrase`null`;
  if (Array.isArray(value)) return asPhrase("a list");
  return phrase`${JSON.stringify(value).slice(0, 100)}`;
}
