import { join } from "node:path";
import { replaceFile, replaceFolder } from "@lathe/files";
import { loadTokenizer, readGenerationDefaults, readModelConfig } from "@lathe/model";
import { ExportError } from "../errors.js";
import { type ExportedGguf, exportGguf, type ExportGgufOptions } from "../gguf/export-gguf.js";
import { checkOutput } from "../source/open-source.js";
import { chatPieces } from "./chat-pieces.js";
import { modelfile } from "./modelfile.js";

/** Name of the weights in the folder. */
const WEIGHTS = "model.gguf";

/**
 * Writes a folder for `ollama create`: the model, with an adapter merged into it where one is named, as GGUF, and a Modelfile with the
 * chat template in Go's syntax, the texts that end a reply, and the sampling that the model's folder suggests.
 *
 * @throws ExportError when the chat template does more than write messages between fixed texts, which is all that is translated, or as
 * {@link exportGguf} does
 */
export async function exportOllama(options: ExportGgufOptions): Promise<ExportedGguf> {
  const { model, output } = options;
  await checkOutput(output);
  const config = await readModelConfig(model);
  const tokenizer = await loadTokenizer(model, { onWarning: options.onWarning });
  const found = tokenizer && chatPieces(tokenizer);
  if (!tokenizer || !found) {
    throw new ExportError({
      path: model,
      expected: "a chat template that writes each message between fixed texts, which Go's syntax can say",
      actual: tokenizer?.hasChatTemplate ? "one that does more" : "none",
      remedy: "export it as GGUF, which keeps the template as it is",
    });
  }
  const begin = tokenizer.beginOfSequenceId;
  const beginText = begin === null ? "" : tokenizer.decode([begin], { skipSpecialTokens: false });
  const addsBegin = begin !== null && tokenizer.encode("a")[0] === begin;
  // The runtime puts the token there itself, where the tokenizer does.
  const start =
    addsBegin && found.start.startsWith(beginText) ? found.start.slice(beginText.length) : found.start;
  const stop = config.endOfSequenceIds.map((id) => tokenizer.decode([id], { skipSpecialTokens: false }));
  const { sampling } = await readGenerationDefaults(model);
  const text = modelfile({
    weights: WEIGHTS,
    pieces: { ...found, start },
    stop: stop.filter((end) => end !== ""),
    contextLength: config.maxPositions,
    sampling,
  });
  const exported = await replaceFolder(
    output,
    async (folder) => {
      const written = await exportGguf({ ...options, output: join(folder, WEIGHTS) });
      await replaceFile(join(folder, "Modelfile"), text);
      return written;
    },
    { check: () => checkOutput(output) },
  );
  return { ...exported, output };
}
