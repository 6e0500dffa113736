import { formatBytes, phrase } from "@lathe/files";
import { cachedRepositories, hubSettings, repositoryText } from "@lathe/hub";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Shows the models and data sets of both hubs that are on this machine, whichever tool downloaded them. Nothing is asked of a hub.",
  examples: ["lathe list", "lathe list --json"],
  options: z.object({}),
  async run(_values, { io }) {
    const repositories = await cachedRepositories(hubSettings(io.env));
    const rows = repositories.map((one) => [
      repositoryText({ ...one, revision: null, file: null }),
      formatBytes(one.bytes),
      one.revisions.flatMap(({ refs, commit }) => (refs.length > 0 ? refs : [commit.slice(0, 8)])).join(", "),
    ]);
    const text =
      rows.length === 0
        ? [phrase`no models or data sets of hubs are on this machine`]
        : [{ head: [phrase`repository`, phrase`size`, phrase`revisions`], rows }];
    return { json: { repositories }, text };
  },
});
