import { launcherNames } from "@lathe/distributed";
import { option, optionGroup } from "@lathe/files";
import { z } from "zod";
import { modelPath, rowsPath } from "./path-options.js";

/** What ranks talk over; a schema of its own in each group, as a group marks its schemas. */
const interfaceOption = (): z.ZodOptional<z.ZodString> =>
  option(
    z.string().min(1).optional(),
    "network that ranks talk over: an interface such as eth0, or a subnet such as 192.168.1.0/24",
    { placeholder: "name", defaultText: "what the library finds", field: null },
  );

/** Where ranks run and what starts them. */
const launchOptions = optionGroup("Ranks", {
  hosts: option(z.string().min(1).optional(), "machines and the ranks that each takes, such as a:2,b:1", {
    placeholder: "name:n,...",
    defaultText: "this machine",
    field: null,
  }),
  hostfile: option(z.string().min(1).optional(), "file of machines, a line each, such as: nodeA slots=2", {
    placeholder: "file",
    field: null,
  }),
  ranks: option(z.int().min(1).max(1_000_000).optional(), "processes that work as one", {
    defaultText: "as many as the machines take",
    field: null,
  }),
  launcher: option(z.enum(["auto", ...launcherNames]).default("auto"), "what starts the ranks", {
    placeholder: "name",
    field: null,
  }),
  interface: interfaceOption(),
  remoteShell: option(z.string().min(1).optional(), "what starts a program on another machine", {
    placeholder: "command",
    defaultText: "ssh",
    field: null,
  }),
});

/** The words of `train`, for a verb that takes what follows `--`. */
const trainWordsOption = option(z.array(z.string()).default([]), "the verb train and its options", {
  field: null,
});

/** What keeps a launched run going. */
export const launchRunOptions = z.object({
  words: trainWordsOption,
  ...launchOptions,
  restarts: option(
    z.int().min(0).default(3),
    "how often ranks are launched again that come to no newer checkpoint",
    { field: null },
  ),
  continue: option(z.boolean().default(false), "go on with the run where it was begun before", {
    field: null,
  }),
});

/** What a look at machines and their ranks is asked for. */
export const inspectRanksOptions = z.object({
  ...launchOptions,
  model: option(
    z.string().min(1).optional(),
    "model folder that must be the same on all machines",
    modelPath,
  ),
  data: option(
    z.string().min(1).optional(),
    "file of rows that must be the same on all machines",
    rowsPath(),
  ),
});

/** Launchers that files are written for. */
const clusterKinds = ["hosts", "slurm", "k8s"] as const;

/** What the files of a launcher are made of. */
export const clusterFilesOptions = z.object({
  kind: option(z.enum(clusterKinds), "what the files are for", { field: null, placeholder: "kind" }),
  words: trainWordsOption,
  output: option(z.string().min(1).default("."), "folder of the files", { placeholder: "dir", field: null }),
  overwrite: option(z.boolean().default(false), "replace files that are there", { field: null }),
  hosts: option(
    z.string().min(1).optional(),
    "for hosts: machines and the ranks that each takes, such as a:2,b:1",
    {
      placeholder: "name:n,...",
      field: null,
    },
  ),
  ...optionGroup("Cluster", {
    name: option(z.string().min(1).default("lathe"), "name of the job", { field: null }),
    ranks: option(z.int().min(1).default(2), "processes that work as one, each on a machine of its own", {
      field: null,
    }),
    cores: option(z.int().min(1).default(4), "cores of a rank", { field: null }),
    memoryGb: option(z.int().min(1).default(16), "memory of a rank", { unit: "GB", field: null }),
    hours: option(z.int().min(1).default(24), "longest time of the job", { unit: "hours", field: null }),
    restarts: option(z.int().min(0).default(3), "starts after the first, at most", { field: null }),
    interface: interfaceOption(),
  }),
  ...optionGroup("Kubernetes", {
    image: option(
      z.string().min(1).default("lathe:latest"),
      "name of the image that the Dockerfile is built as",
      {
        field: null,
      },
    ),
    storageGb: option(z.int().min(1).default(50), "room for model, rows and run", {
      unit: "GB",
      field: null,
    }),
    storageClass: option(z.string().min(1).optional(), "kind of storage that many machines can write to", {
      placeholder: "name",
      defaultText: "the cluster's own",
      field: null,
    }),
  }),
});
