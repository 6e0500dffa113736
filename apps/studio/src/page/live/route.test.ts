import { expect, it } from "vitest";
import { hashOf, parsePlace, type Place } from "./route.js";

it.each([
  { view: "runs" },
  { view: "run", run: "a/b c/%2F#?é中" },
  { view: "chat", run: "." },
  { view: "compare", runs: ["one", "two/three", "a,b"] },
  { view: "page", page: "scores/report.html" },
] as Place["route"][])("an address says what is open, and back: %j", (route) => {
  const place = { secret: "s3cret-_", route };
  expect(parsePlace(hashOf(place))).toEqual(place);
});

it.each(["#s", "#s/", "#s/run", "#s/run/", "#s/run/a/b", "#s/run/%E0%A4%A", "#s/other/a", "#s/compare/"])(
  "what is none is the list of runs: %s",
  (hash) => {
    expect(parsePlace(hash)).toEqual({ secret: "s", route: { view: "runs" } });
  },
);
