import { sayPhrase } from "@lathe/files";
import { expect, it } from "vitest";
import { tellLaunchEvent } from "./launch-event.js";

it.each([
  [0, null, "the launcher ended with code 0 although no rank has marked the run as done"],
  [null, "SIGKILL", "the launcher was ended by SIGKILL"],
  [205, null, "the launcher lost a machine, or the network to it (code 205)"],
  [137, null, "ranks ended before the run was done (code 137, signal 9)"],
  [200, null, "ranks ended before the run was done (code 200)"],
  [1, null, "ranks ended before the run was done (code 1)"],
])("an end with code %j and signal %j is told", (code, signal, how) => {
  const { isWarning, sentence } = tellLaunchEvent({ type: "ended", code, signal, step: 3 });
  expect(isWarning).toBe(true);
  expect(sayPhrase(sentence)).toBe(`${how}; the newest checkpoint is of step 3`);
});
