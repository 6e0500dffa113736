import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What opens an address in the browser of the system. */
const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Opens a link in the browser of the system, where there is one; no harm where there is none. What is handed over is a file that leads to
 * the link and that its owner alone can read: the arguments of a program are seen by everyone on the machine, and links may have a secret.
 *
 * @param link with no characters but those of a URL
 * @returns removes the file
 */
export async function openInBrowser(link: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "open-link-"));
  const file = join(folder, "open.html");
  await writeFile(file, `<!doctype html><meta http-equiv="refresh" content="0; url=${encodeURI(link)}">\n`, {
    mode: 0o600,
  });
  const [command, ...words] = openers[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...words, pathToFileURL(file).href], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
  return () => rm(folder, { recursive: true, force: true });
}
