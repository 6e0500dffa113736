import { expect, it } from "vitest";
import { parseDuration } from "./parse-duration.js";

it.each([
  ["30m", 1800],
  ["1h30m", 5400],
  ["90s", 90],
  ["2h0m5s", 7205],
  ["", undefined],
  ["30", undefined],
  ["1m1h", undefined],
  ["-5m", undefined],
  ["1.5h", undefined],
  [" 5m", undefined],
])("reads %j as %s", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
