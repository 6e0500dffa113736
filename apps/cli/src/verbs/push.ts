import { formatBytes, phrase, sayPhrase, type ToldTable } from "@lathe/files";
import { hubSettings, push, type PushedRepository } from "@lathe/hub";
import { collectPublication, type CollectPublicationOptions, type Publication } from "@lathe/recipes";
import { publishOptions } from "@lathe/recipes/options";
import { defineVerb, type VerbContext } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Writes a model card from the run's own report and sends it with the files that loaders read, as one commit. No path of this machine goes along. Needs a token that may write (HF_TOKEN) and the package @huggingface/hub.",
  examples: [
    "lathe push runs/first --to owner/name --dry-run",
    "lathe push runs/first --to owner/name --scores eval/report.json --license apache-2.0",
  ],
  options: publishOptions,
  positional: "folder",
  async run({ dryRun, public: isPublic }, context) {
    const { recipeOptions } = context;
    const publication = await collectPublication(recipeOptions<CollectPublicationOptions>());
    const { kind, folder, repository, base, files, card } = publication;
    const json = {
      repository: repository.id,
      kind,
      folder,
      base,
      card,
      dryRun,
      files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    };
    if (dryRun) {
      const wouldGo = isPublic
        ? phrase`this would go to ${repository.id}, for all to see:`
        : phrase`this would go to ${repository.id}, private if it is new:`;
      return { json: { ...json, pushed: null }, text: [wouldGo, filesTable(publication), card] };
    }
    const pushed = await send(publication, isPublic, context);
    const { page, isPrivate } = pushed;
    const sentence = isPrivate ? phrase`${page} (private)` : phrase`${page} (public)`;
    return { json: { ...json, pushed }, text: [filesTable(publication), sentence] };
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

const filesTable = ({ files }: Publication): ToldTable => ({
  head: ["", phrase`size`, "SHA-256"],
  rows: files.map(({ path, bytes, sha256 }) => [path, formatBytes(bytes), sha256]),
});
