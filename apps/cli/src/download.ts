import { basename } from "node:path";
import type { ResolveContext } from "@lathe/command";
import { phrase, sayPhrase } from "@lathe/files";
import {
  cacheAddress,
  type HubRepository,
  hubSettings,
  pull,
  type PulledRepository,
  repositoryText,
  shownAddress,
} from "@lathe/hub";

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

/** Brings the file at an address here, with how far it is. @returns its path */
export async function downloadFile(
  address: string,
  { io, messages, signal, progress }: ResolveContext,
): Promise<string> {
  const label = sayPhrase(phrase`downloading ${shownAddress(address)} (MB)`, messages.phrases);
  const bar = progress({ label });
  try {
    return await cacheAddress(address, {
      env: io.env,
      signal,
      onBytes: (done, total) => bar.update(done / BYTES_OF_MEGABYTE, Math.ceil(total / BYTES_OF_MEGABYTE)),
    });
  } finally {
    bar.end();
  }
}
