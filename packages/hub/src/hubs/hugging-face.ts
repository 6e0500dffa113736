import { isRecord, parseJson, phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import type { HubHttp } from "../http/hub-http.js";
import type { HubRepository } from "../repository/hub-repository.js";
import { answerFault, pageOf } from "./answer-fault.js";
import type { FileHash, HubFile, HubListing } from "./hub.js";

/** Branch that is meant where none is named. */
export const MAIN = "main";

/**
 * Lists a repository of Hugging Face, or of a mirror that speaks its endpoints: commit, files, lengths and hashes in one answer.
 * @throws HubError, RetryableError
 */
export async function listHuggingFace(
  http: HubHttp,
  endpoint: string,
  repository: HubRepository,
  signal?: AbortSignal,
): Promise<HubListing> {
  const { id, kind, revision } = repository;
  const address = `${endpoint}/api/${kind}s/${id}/revision/${encodeURIComponent(revision ?? MAIN)}?blobs=true`;
  const answer = await http.open(address, { signal });
  const text = await http.text(answer);
  if (answer.status !== 200)
    throw answerFault(repository, pageOf(endpoint, repository), answer, http.hasToken);
  const fault = (cause?: unknown): HubError =>
    new HubError("damaged", phrase`${endpoint}: expected a list of files of ${id}, got another answer`, {
      cause,
    });
  let found: unknown;
  try {
    found = parseJson(text);
  } catch (cause) {
    throw fault(cause);
  }
  if (!isRecord(found)) throw fault();
  const { sha: commit, siblings } = found;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit) || !Array.isArray(siblings)) throw fault();
  const folder = `${endpoint}/${kind === "dataset" ? "datasets/" : ""}${id}/resolve/${commit}`;
  const files = siblings.map((entry: unknown): HubFile => {
    if (!isRecord(entry) || typeof entry["rfilename"] !== "string") throw fault();
    const { rfilename: path, lfs, blobId, size } = entry;
    const isLarge = isRecord(lfs) && typeof lfs["sha256"] === "string";
    const hash: FileHash | null = isLarge
      ? { kind: "sha256", digits: lfs["sha256"] as string }
      : typeof blobId === "string"
        ? { kind: "git", digits: blobId }
        : null;
    const bytes = Number(isLarge ? (lfs["size"] ?? size) : size);
    return { path, bytes, hash, url: `${folder}/${path.split("/").map(encodeURIComponent).join("/")}` };
  });
  return { commit, files };
}
