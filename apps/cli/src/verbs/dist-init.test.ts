/** What clusters are given: an MPIJob is held to the schema of its operator, see the fixture's README. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfigFile } from "@lathe/command";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";
import { type Schema, schemaFaults } from "../testing/schema-faults.js";

const schemaFile = fileURLToPath(
  new URL("../../../../packages/distributed/fixtures/mpijob/v2beta1.schema.json", import.meta.url),
);

let folder: string;
let words: string[];
beforeAll(async () => {
  folder = await temporaryFolder();
  const data = await writeJsonl(join(folder, "rows.jsonl"), [{ input_ids: [1, 2, 3] }]);
  words = [
    "train",
    "--model",
    tinyModel("qwen2"),
    "--data",
    data,
    "--output",
    "runs/a: [b] #'c\"",
    "--seed",
    "3",
  ];
});

const init = (...given: string[]) => runLathe(["dist", "init", ...given]);

describe("lathe dist init", () => {
  it("writes a list of machines, and leaves one alone that is there", async () => {
    const output = join(folder, "hosts-1");
    const { json } = await init("hosts", "--hosts", "anna:2,berta", "--output", output, "--json");
    expect(json).toEqual({ kind: "hosts", files: [join(output, "hosts")] });
    expect(await readFile(join(output, "hosts"), "utf8")).toBe("anna slots=2\nberta slots=1\n");
    const again = await init("hosts", "--hosts", "carla", "--output", output);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("exists already");
    expect((await init("hosts", "--hosts", "carla", "--output", output, "--overwrite")).code).toBe(0);
    expect(await readFile(join(output, "hosts"), "utf8")).toBe("carla slots=1\n");
  });

  it("writes a job that the operator of Kubeflow takes, with the words as they were given", async () => {
    const output = join(folder, "k8s");
    const given = ["--image", "registry.example:5000/team/lathe:1.2", "--ranks", "3", "--cores", "8"];
    const { code, stderr } = await init("k8s", "--output", output, ...given, "--", ...words);
    expect(code, stderr).toBe(0);
    const keys = ["apiVersion", "kind", "metadata", "spec"];
    const job = (await readConfigFile(join(output, "mpijob.yaml"), keys)).values;
    const schema = JSON.parse(await readFile(schemaFile, "utf8")) as Schema;
    expect(schemaFaults(job, schema)).toEqual([]);
    expect(schemaFaults({ ...job, spec: { ...(job["spec"] as object), slots: 1 } }, schema)).toEqual([
      "$.spec: slots is unknown",
    ]);
    const { Launcher, Worker } = (job["spec"] as { mpiReplicaSpecs: Record<string, unknown> })
      .mpiReplicaSpecs as Record<
      string,
      { replicas: number; template: { spec: { containers: { command: string[]; image: string }[] } } }
    >;
    expect(Worker.replicas).toBe(3);
    const [launcher] = Launcher.template.spec.containers;
    expect(launcher.image).toBe("registry.example:5000/team/lathe:1.2");
    expect(launcher.command.slice(launcher.command.indexOf("--") + 1)).toEqual(words);
    const claim = (await readConfigFile(join(output, "claim.yaml"), keys)).values;
    expect(claim["metadata"]).toEqual({ name: "lathe-files" });
    const dockerfile = await readFile(join(output, "Dockerfile"), "utf8");
    expect(dockerfile).toMatch(/^FROM node:\d+-bookworm-slim\n/);
    const instructions = dockerfile
      .replaceAll("\\\n", "")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => /^(FROM|RUN|COPY|USER|WORKDIR) (.+)$/.exec(line) ?? [line, "unknown", ""]);
    expect(instructions.filter(([, name]) => name === "unknown")).toEqual([]);
    for (const [, name, text] of instructions) {
      if (name === "RUN") {
        const { status, stderr } = spawnSync("sh", ["-n", "-c", text]);
        expect(status, `${text}: ${stderr.toString()}`).toBe(0);
      }
      const [source] = name === "COPY" ? text.split(" ").filter((word) => !word.startsWith("--")) : [];
      if (source !== undefined) expect((await stat(join(output, source))).isFile()).toBe(true);
    }
  });

  const sshd = "/usr/sbin/sshd";
  const isServerThere = existsSync(sshd);
  it.skipIf(!isServerThere)(
    `writes settings that the server of ssh takes${isServerThere ? "" : " (skipped: openssh-server is not installed)"}`,
    async () => {
      const output = join(folder, "sshd");
      expect((await init("k8s", "--output", output, "--", ...words)).code).toBe(0);
      const key = join(output, "key");
      spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      const settings = join(output, "sshd_config");
      const test = () => spawnSync(sshd, ["-t", "-f", settings, "-o", `HostKey=${key}`]);
      const { status, stderr } = test();
      expect(status, stderr.toString()).toBe(0);
      await appendFile(settings, "NoSuchOption yes\n");
      expect(test().stderr.toString()).toContain("NoSuchOption");
    },
  );

  it("writes a batch script for Slurm", async () => {
    const output = join(folder, "slurm");
    expect((await init("slurm", "--output", output, "--", ...words)).code).toBe(0);
    expect(await readFile(join(output, "train.sbatch"), "utf8")).toContain(
      String.raw`run='runs/a: [b] #'\''c"'`,
    );
  });

  it.each<[string, () => string[], RegExp]>([
    ["no machines", () => ["hosts"], /--hosts: expected machines/],
    ["other verbs", () => ["slurm", "--", "doctor"], /expected the verb train after --, got doctor/],
    [
      "runs that would be replaced",
      () => ["slurm", "--", ...words, "--overwrite"],
      /would replace what it has trained/,
    ],
    [
      "images that are none",
      () => ["k8s", "--image", "A B", "--", ...words],
      /expected the name of an image/,
    ],
    [
      "interfaces that are none",
      () => ["k8s", "--interface", "eth0;id", "--", ...words],
      /expected an interface/,
    ],
    ["names that are none", () => ["k8s", "--name", "a: b", "--", ...words], /expected a name of at most 40/],
    ["classes that are none", () => ["k8s", "--storage-class", "a b", "--", ...words], /a class of storage/],
    ["kinds that are none", () => ["nomad"], /--kind: expected one of hosts, slurm, k8s/],
  ])("refuses %s", async (_what, given, sentence) => {
    const { code, stderr } = await init("--output", join(folder, "none"), ...given());
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});
