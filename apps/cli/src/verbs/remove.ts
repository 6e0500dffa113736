import { formatBytes, phrase } from "@lathe/files";
import { hubSettings, removeCached, repositoryText } from "@lathe/hub";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { repositoryNamed, repositoryOption } from "./pull.js";

const options = z.object({ repository: repositoryOption() });

export const verb = defineVerb({
  description:
    "Removes a model or a data set of a hub from this machine, for Python's tools as well; with @revision that revision alone, and files that another one has stay.",
  examples: ["lathe remove Qwen/Qwen3-0.6B", "lathe remove hf-dataset:owner/name@v1"],
  options,
  positional: "repository",
  async run({ repository: text }, { io }) {
    const repository = repositoryNamed(text);
    const removed = await removeCached(repository, hubSettings(io.env));
    return {
      json: { ...repository, ...removed },
      text: [phrase`${repositoryText(repository)} removed, ${formatBytes(removed.freedBytes)} freed`],
    };
  },
});
