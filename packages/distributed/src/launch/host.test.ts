import { mkdtemp, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hostFileOf, isThisMachine, parseHosts, readHostFile } from "./host.js";

describe("hosts", () => {
  it("have a slot unless they are given more", () => {
    expect(parseHosts("anna:2, 10.0.0.2 ,node-3.lan:1")).toEqual([
      { name: "anna", slots: 2 },
      { name: "10.0.0.2", slots: 1 },
      { name: "node-3.lan", slots: 1 },
    ]);
  });

  it.each([
    ["", "expected the name of a host"],
    ["a,,b", "expected the name of a host"],
    ["-oProxyCommand=x", "expected the name of a host"],
    ["a;rm", "expected the name of a host"],
    ["$(id)", "expected the name of a host"],
    ["a b", "expected the name of a host"],
    ["fe80::1", "expected hosts such as a:2,b:1"],
    ["a:0", "expected a number of ranks from 1 to 1024 for a, got 0"],
    ["a:1025", "expected a number of ranks"],
    ["a:1e2", "expected a number of ranks"],
    ["a:1,b,a:2", "expected each host once, got a twice"],
  ])("of %j are refused", (text, sentence) => {
    expect(() => parseHosts(text, "--hosts")).toThrow(sentence);
  });

  it("are read from files of Open MPI and of MPICH, and written as the former has them", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "lathe-hosts-")), "hosts");
    await writeFile(file, "# all\nanna slots=2 max_slots=4\r\n\nberta:3 # attic\n  carla\n");
    const hosts = await readHostFile(file);
    expect(hosts).toEqual([
      { name: "anna", slots: 2 },
      { name: "berta", slots: 3 },
      { name: "carla", slots: 1 },
    ]);
    await writeFile(file, hostFileOf(hosts));
    expect(await readHostFile(file)).toEqual(hosts);
  });

  it.each([
    ["anna slots=two", /line 1: expected a number of ranks from 1 to 1024 for anna, got two/],
    ["anna\nberta gpu=1", /line 2: expected a host such as nodeA slots=2/],
    ["anna:2 slots=2", /line 1: expected a host such as/],
    ["# none\n", /expected a host on some line/],
    ["--help", /line 1: expected the name of a host/],
  ])("of a file with %j are refused by the line", async (text, sentence) => {
    const file = join(await mkdtemp(join(tmpdir(), "lathe-hosts-")), "hosts");
    await writeFile(file, text);
    await expect(readHostFile(file)).rejects.toThrow(sentence);
  });

  it("of a file that is not there are missed", async () => {
    await expect(readHostFile("no-such-file")).rejects.toMatchObject({ fault: "hosts" });
  });

  it("know this machine by its names and addresses", () => {
    expect(["localhost", hostname(), "127.0.0.1"].map(isThisMachine)).toEqual([true, true, true]);
    expect(isThisMachine("no-such-machine.invalid")).toBe(false);
  });
});
