import { UsageError, type VerbContext } from "@lathe/command";
import {
  type ClusterFiles,
  hostFileOf,
  kubernetesFiles,
  parseHosts,
  slurmFiles,
  writeClusterFiles,
} from "@lathe/distributed";
import { phrase } from "@lathe/files";
import { clusterFilesOptions } from "@lathe/recipes/options";
import type { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { readTrainWords } from "../train-words.js";
import type { Messages } from "../messages/messages.js";
import { version } from "../version.js";

type Values = z.output<typeof clusterFilesOptions>;

export const verb = defineVerb({
  description:
    "Writes what other launchers need: hosts, a file of machines for dist run; slurm, a batch script that goes on after its time has run out; k8s, a Dockerfile, a claim of storage and a job for Kubeflow's MPI operator. Files that are there stay unless --overwrite.",
  examples: [
    "lathe dist init hosts --hosts anna:1,berta:1",
    "lathe dist init slurm --ranks 2 --cores 8 -- train --config run.yaml --output runs/two",
    "lathe dist init k8s --image registry.example/lathe:1 -- train --config run.yaml --output runs/two",
  ],
  options: clusterFilesOptions,
  positional: "kind",
  rest: "words",
  async run(values, context) {
    const { kind, output, overwrite } = values;
    const written = await writeClusterFiles(output, await filesOf(values, context), { overwrite });
    return { json: { kind, files: written }, text: written.join("\n") };
  },
});

async function filesOf(values: Values, context: VerbContext<Messages>): Promise<ClusterFiles> {
  if (values.kind === "hosts") {
    if (values.hosts === undefined)
      throw new UsageError(
        [phrase`${"--hosts"}: expected machines such as a:2,b:1, got nothing`],
        "dist init",
      );
    return { hosts: hostFileOf(parseHosts(values.hosts, "--hosts")) };
  }
  const plan = { ...values, interface: values.interface ?? null, output: await outputOf(values, context) };
  return values.kind === "slurm"
    ? slurmFiles(plan)
    : kubernetesFiles({ ...plan, storageClass: values.storageClass ?? null, version });
}

/** The folder of the run, of words that a job can start with again and again. */
async function outputOf({ words }: Values, context: VerbContext<Messages>): Promise<string> {
  const { output, overwrite } = await readTrainWords(words, "dist init", context);
  if (overwrite) {
    const sentence = phrase`${"--overwrite"} of train: a job that starts again would replace what it has trained; leave it out`;
    throw new UsageError([sentence], "dist init");
  }
  return output;
}
