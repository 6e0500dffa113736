import type * as library from "@huggingface/hub";
import { phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";

/** The library that speaks the hub's way of taking commits. */
export type Uploader = typeof library;

const PACKAGE = "@huggingface/hub";

/**
 * Loads `@huggingface/hub`: twelve megabytes on disk, which only those pay who push.
 * @throws HubError where it is not installed
 */
export async function loadUploader(): Promise<Uploader> {
  try {
    return await import("@huggingface/hub");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new HubError(
      "package",
      phrase`pushing needs the package ${PACKAGE}, which is not installed; run: npm install ${PACKAGE}`,
      { cause },
    );
  }
}
