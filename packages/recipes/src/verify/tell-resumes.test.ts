import { type Phrase, sayPhrase } from "@lathe/files";
import { expect, it } from "vitest";
import { zh } from "../zh.js";
import { tellResumes } from "./tell-resumes.js";

const said = (...[found, phrases]: [Parameters<typeof tellResumes>[0], Record<string, string>?]): string[] =>
  tellResumes(found).map((part) => sayPhrase(part as Phrase, phrases));

it("says that the bits are the same, and names the place where one differs", () => {
  const same = { kills: 1, equal: true, steps: 8, difference: null };
  expect(said(same)).toEqual(["8 steps, killed 1 time and resumed: the same bits"]);
  expect(said(same, zh)).toEqual(["共 8 步，强制结束并恢复 1 次：结果逐位相同"]);
  const difference = { file: "checkpoints/step-8/optimizer.safetensors", place: "x.first_moment" };
  expect(said({ ...same, kills: 3, equal: false, difference })).toEqual([
    "killed 3 times and resumed: other bits, first in checkpoints/step-8/optimizer.safetensors: x.first_moment",
  ]);
});
