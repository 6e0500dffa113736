import { basename } from "node:path";
import type { ResolveContext } from "@lathe/command";
import { phrase, sayPhrase } from "@lathe/files";
import { type HubRepository, hubSettings, pull, type PulledRepository, repositoryText } from "@lathe/hub";

const BYTES_OF_MEGABYTE = 1e6;

/** Downloads what a repository has, with how far it is. */
export async function download(
  repository: HubRepository,
  { io, messages, signal, warn, progress }: ResolveContext,
): Promise<PulledRepository> {
  const label = sayPhrase(phrase`downloading ${repositoryText(repository)} (MB)`, messages.phrases);
  const bar = progress({ label });
  try {
    return await pull(repository, {
      settings: hubSettings(io.env),
      signal,
      onProgress: ({ doneBytes, totalBytes, file }) =>
        bar.update(doneBytes / BYTES_OF_MEGABYTE, Math.ceil(totalBytes / BYTES_OF_MEGABYTE), basename(file)),
      onWarning: (warning) => warn(sayPhrase(warning, messages.phrases)),
    });
  } finally {
    bar.end();
  }
}
