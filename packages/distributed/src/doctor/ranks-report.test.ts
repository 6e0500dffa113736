import { sayPhrase } from "@lathe/files";
import { expect, it } from "vitest";
import { findingsOfProbe } from "./ranks-report.js";
import type { RankFacts } from "./probe-ranks.js";

const timed = { bytes: 10_000_000, seconds: 0.166, leastSeconds: 0.000013 };
const said = (ranks: RankFacts[], hosts: number | null) =>
  findingsOfProbe({ ranks, ...timed }, hosts).map(({ check, holds, sentence }) => [
    check,
    holds,
    sayPhrase(sentence),
  ]);
const rank = (host: string, alike: Record<string, string> = { Node: "v20.1.0" }): RankFacts => ({
  host,
  alike,
});

it("ranks on the machines they were meant for, all alike, and what their network means", () => {
  expect(said([rank("anna"), rank("berta")], 2)).toEqual([
    ["placement", true, "2 ranks on 2 machines: anna, berta"],
    ["agreement", true, "Node is the same on all ranks: v20.1.0"],
    [
      "network",
      null,
      "a sum of 10.0 MB over all ranks takes 0.17 s, of one number 0.000013 s: under 3 % of steps from 5.5 s on; raise gradient accumulation where steps are shorter",
    ],
  ]);
});

it("ranks that all are where they were launched from", () => {
  expect(said([rank("anna"), rank("anna")], 2)[0]).toEqual([
    "placement",
    false,
    "2 ranks on 1 machine (anna), expected 2: the launcher has not taken the hosts, or two of them have the same name",
  ]);
  expect(said([rank("anna"), rank("anna")], null)[0][1]).toBe(true);
});

it("the first rank that differs, by name and place", () => {
  const hash = "0123456789abcdef".repeat(4);
  const ranks = [
    rank("anna", { Node: "v20", model: hash }),
    rank("berta", { Node: "v20", model: hash }),
    rank("carla", { Node: "v20", model: "f".repeat(64), data: "x" }),
  ];
  expect(said(ranks, 3).slice(1, 4)).toEqual([
    ["agreement", true, "Node is the same on all ranks: v20"],
    ["agreement", false, "model differs: 0123456789ab… on anna (rank 0), ffffffffffff… on carla (rank 2)"],
    ["agreement", false, "data differs: nothing on anna (rank 0), x on carla (rank 2)"],
  ]);
});
