import { expect, it } from "vitest";
import { checkSubmission } from "./check-submission.js";

const good = {
  client: "12345678-abcd",
  position: 0,
  revision: 0,
  seconds: 1.5,
  content: { ratings: [{ fluency: 1, relevance: 5 }], preferences: [], comment: "", flags: ["broken"] },
};
const withContent = (part: object) => ({ ...good, content: { ...good.content, ...part } });

it("takes an answer, and of it what is known", () => {
  expect(checkSubmission({ ...good, extra: 1 })).toEqual(good);
  expect(checkSubmission({ ...good, seconds: 1e9 }).seconds).toBe(3600);
});

it.each([
  ["answer", null],
  ["answer", []],
  ["client", { ...good, client: "short" }],
  ["client", { ...good, client: "x".repeat(101) }],
  ["client", { ...good, client: "../../etc/passwd" }],
  ["position", { ...good, position: -1 }],
  ["position", { ...good, position: 1.5 }],
  ["position", { ...good, position: "0" }],
  ["revision", { ...good, revision: null }],
  ["seconds", { ...good, seconds: Infinity }],
  ["seconds", { ...good, seconds: -1 }],
  ["content", { ...good, content: null }],
  ["content.ratings", withContent({ ratings: {} })],
  ["content.ratings[0]", withContent({ ratings: [3] })],
  ["content.ratings[0].fluency", withContent({ ratings: [{ fluency: 0, relevance: 1 }] })],
  ["content.ratings[0].relevance", withContent({ ratings: [{ fluency: 1 }] })],
  ["content.ratings[0].relevance", withContent({ ratings: [{ fluency: 1, relevance: 2.5 }] })],
  ["content.preferences", withContent({ preferences: "none" })],
  ["content.preferences[0]", withContent({ preferences: [2] })],
  ["content.comment", withContent({ comment: "x".repeat(4001) })],
  ["content.comment", withContent({ comment: null })],
  ["content.flags", withContent({ flags: ["other"] })],
  ["content.flags", withContent({ flags: ["broken", "broken"] })],
])("names %s of what is none", (field, value) => {
  expect(() => checkSubmission(value)).toThrow(expect.objectContaining({ name: "AnswerError", field }));
});
