import { phrase } from "@lathe/files";
import { openInBrowser, whileServing } from "@lathe/command";
import { serveRuns, type ServeRunsOptions } from "@lathe/studio";
import { serveRunsOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";
import { zhPhrases } from "../messages/zh-phrases.js";

export const verb = defineVerb({
  description:
    "Serves a page that shows the runs below a folder: those under way live, several in one chart with the settings that differ, replies over time, reports, and a chat with the model before and after a run side by side. The link is for this machine and has a secret; the same command has the same link.",
  examples: ["lathe studio runs", "lathe studio runs --port 7000 --no-open"],
  options: serveRunsOptions,
  positional: "runs",
  async run({ runs, open }, { io, json, note, recipeOptions, signal }) {
    const served = await serveRuns(runs, { ...recipeOptions<ServeRunsOptions>(), translations: zhPhrases });
    const { link } = served;
    const result = { url: link };
    let closeBrowser = async (): Promise<void> => undefined;
    const say = async (): Promise<void> => {
      io.stdout.write(json ? `${JSON.stringify(result)}\n` : `${link}\n`);
      note(phrase`shows the runs in ${runs}; Ctrl-C ends, and the same command has the same link`);
      if (open && !json && io.stdout.isTTY === true) closeBrowser = await openInBrowser(link);
    };
    await whileServing(signal, say, async () => {
      await served.close();
      await closeBrowser();
    });
    return { json: result, text: "" };
  },
});
