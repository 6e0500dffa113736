import { formatTable, option } from "@lathe/command";
import { phrase, sayPhrase, formatBytes } from "@lathe/files";
import { hubSettings, push, type PushedRepository } from "@lathe/hub";
import { collectPublication, type CollectPublicationOptions, type Publication } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb, type VerbContext } from "../define-verb.js";

const options = z.object({
  folder: option(z.string().min(1), "run, or the adapter or the model that it has written", {
    placeholder: "dir",
  }),
  to: option(z.string().min(1), "repository on Hugging Face: owner/name", {
    placeholder: "name",
    field: "repository",
  }),
  base: option(z.string().min(1).optional(), "name of the base model on the hub", {
    placeholder: "name",
    defaultText: "where it came from",
  }),
  scores: option(z.string().min(1).optional(), "report.json of an evaluation, for the card", {
    placeholder: "file",
  }),
  license: option(
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)
      .optional(),
    "licence by its short name on the hub, such as apache-2.0",
    { placeholder: "name", expected: "a short name of a licence, such as apache-2.0" },
  ),
  public: option(z.boolean().default(false), "let all see it; else the repository is private", {
    field: null,
  }),
  dryRun: option(z.boolean().default(false), "show all that would go, send nothing", { field: null }),
});

export const verb = defineVerb({
  description:
    "Writes a model card from the run's own report and sends it with the files that loaders read, as one commit. No path of this machine goes along. Needs a token that may write (HF_TOKEN) and the package @huggingface/hub.",
  examples: [
    "lathe push runs/first --to owner/name --dry-run",
    "lathe push runs/first --to owner/name --scores eval/report.json --license apache-2.0",
  ],
  options,
  positional: "folder",
  async run({ dryRun, public: isPublic }, context) {
    const { messages, recipeOptions } = context;
    const publication = await collectPublication(recipeOptions<CollectPublicationOptions>());
    const { kind, folder, repository, base, files, card } = publication;
    const json = {
      repository: repository.id,
      ...{ kind, folder, base, card, dryRun },
      files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    };
    if (dryRun) {
      const wouldGo = messages.wouldPush(repository.id, isPublic);
      return {
        json: { ...json, pushed: null },
        text: [wouldGo, filesText(publication, context), card].join("\n\n"),
      };
    }
    const pushed = await send(publication, isPublic, context);
    return {
      json: { ...json, pushed },
      text: `${filesText(publication, context)}\n\n${messages.pushed(pushed.page, pushed.isPrivate)}`,
    };
  },
});

async function send(
  { files, base, repository }: Publication,
  isPublic: boolean,
  { io, messages, signal, progress }: VerbContext,
): Promise<PushedRepository> {
  const bar = progress({ label: sayPhrase(phrase`pushing ${repository.id} (files)`, messages.phrases) });
  try {
    return await push(repository, files, {
      title: `Trained from ${base.id}`,
      isPublic,
      settings: hubSettings(io.env),
      signal,
      onProgress: ({ doneFiles, totalFiles, file }) => bar.update(doneFiles, totalFiles, file ?? ""),
    });
  } finally {
    bar.end();
  }
}

function filesText({ files }: Publication, { messages: { words } }: VerbContext): string {
  const rows = files.map(({ path, bytes, sha256 }) => [path, formatBytes(bytes), sha256]);
  return formatTable(["", words.size, "SHA-256"], rows);
}
