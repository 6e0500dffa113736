import { expect, it } from "vitest";
import { localGroup } from "../local-group.js";
import { probeRanks, readRanksProbe } from "./probe-ranks.js";

it("ranks tell each other of themselves, in their order, and time their sums", async () => {
  const probes = await Promise.all(
    localGroup(3).map((rank) => probeRanks(rank, { host: `h${rank.rank}`, alike: { Node: "v20" } })),
  );
  for (const { ranks, bytes, seconds, leastSeconds } of probes) {
    expect(ranks.map(({ host }) => host)).toEqual(["h0", "h1", "h2"]);
    expect(bytes).toBe(10_000_000);
    expect(seconds).toBeGreaterThan(0);
    expect(leastSeconds).toBeGreaterThan(0);
  }
  const printed = `noise\n${JSON.stringify({ findings: [], ...probes[0] })}\n`;
  expect(readRanksProbe(printed)).toEqual(probes[0]);
});

it.each([
  "",
  "no JSON",
  "{",
  "[]",
  "{}",
  '{"ranks":[],"bytes":1,"seconds":1,"leastSeconds":1}',
  '{"ranks":[{"host":1,"alike":{}}],"bytes":1,"seconds":1,"leastSeconds":1}',
  '{"ranks":[{"host":"a","alike":{}}],"bytes":1,"seconds":"1","leastSeconds":1}',
])("%j is no probe", (text) => {
  expect(readRanksProbe(text)).toBeNull();
});
