import { openInBrowser, option, whileServing } from "@lathe/command";
import { serveRuns, type ServeRunsOptions } from "@lathe/studio";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { addressOptions } from "../options/address-options.js";
import { engineOptions } from "../options/engine-options.js";

const { engine, precision } = engineOptions;

const options = z.object({
  runs: option(z.string().min(1).default("runs"), "folder of runs, or of one", {
    field: null,
    placeholder: "DIR",
  }),
  ...addressOptions,
  open: option(z.boolean().default(true), "open the page in the browser of the system, from a terminal", {
    field: null,
    negated: "print the link alone",
  }),
  ...{ engine, precision },
});

export const verb = defineVerb({
  description:
    "Serves a page that shows the runs below a folder: those under way live, several in one chart with the settings that differ, replies over time, reports, and a chat with the model before and after a run side by side. The link is for this machine and has a secret; the same command has the same link.",
  examples: ["lathe studio runs", "lathe studio runs --port 7000 --no-open"],
  options,
  positional: "runs",
  async run({ runs, open }, { io, json, note, messages, recipeOptions, signal }) {
    const served = await serveRuns(runs, recipeOptions<ServeRunsOptions>());
    const { link } = served;
    const result = { url: link };
    let closeBrowser = async (): Promise<void> => undefined;
    const say = async (): Promise<void> => {
      io.stdout.write(json ? `${JSON.stringify(result)}\n` : `${link}\n`);
      note(messages.runsServed(runs));
      if (open && !json && io.stdout.isTTY === true) closeBrowser = await openInBrowser(link);
    };
    await whileServing(signal, say, async () => {
      await served.close();
      await closeBrowser();
    });
    return { json: result, text: "" };
  },
});
