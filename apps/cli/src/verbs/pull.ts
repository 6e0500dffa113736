import { UsageError } from "@lathe/command";
import { formatBytes, option, phrase } from "@lathe/files";
import { type HubRepository, parseRepository } from "@lathe/hub";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { download } from "../download.js";

/** The repository that a text names, or what would be a name. */
export function repositoryNamed(text: string, kind: HubRepository["kind"] = "model"): HubRepository {
  const repository = parseRepository(text, kind);
  if (repository) return repository;
  throw new UsageError([
    phrase`expected the name of a repository, such as Qwen/Qwen3-0.6B, modelscope:Qwen/Qwen3-0.6B or hf-dataset:owner/name, got ${text}`,
  ]);
}

/** The option that names one. */
export const repositoryOption = (): z.ZodString =>
  option(z.string().min(1), "owner/name, with @revision or without; hf-dataset: or modelscope: before it", {
    placeholder: "name",
    field: null,
  });

const options = z.object({ repository: repositoryOption() });

export const verb = defineVerb({
  description:
    "Downloads config, tokenizer, template and safetensors of a model, or the rows of a data set, into the cache that Python's tools share; what was cut goes on, and every file is held to its hash. HF_ENDPOINT names a mirror, HF_HUB_CACHE or HF_HOME another cache, HF_TOKEN a token; HTTPS_PROXY and NO_PROXY are followed. Verbs that take a model or rows take such a name too.",
  examples: [
    "lathe pull deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
    "lathe pull modelscope:deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
    "lathe pull hf-dataset:owner/name@main --json",
  ],
  options,
  positional: "repository",
  async run({ repository: text }, context) {
    const repository = repositoryNamed(text);
    const pulled = await download(repository, context);
    const { path, files, totalBytes, downloadedBytes } = pulled;
    return {
      json: { ...repository, ...pulled },
      text: [
        {
          lines: [
            path,
            phrase`${files.length} files, ${formatBytes(totalBytes)}, of which ${formatBytes(downloadedBytes)} were downloaded now`,
          ],
        },
      ],
    };
  },
});
