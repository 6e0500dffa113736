import { expect, it } from "vitest";
import { withVerbs } from "./with-verbs.js";

it("names verbs for the functions that packages name", () => {
  expect(withVerbs("it is gone; run setupTensorFlow() again", "npx lathe")).toBe(
    "it is gone; run npx lathe setup cuda again",
  );
});
