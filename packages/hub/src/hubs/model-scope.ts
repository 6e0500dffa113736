import { createHash } from "node:crypto";
import { isRecord, parseJson, phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import type { HubHttp } from "../http/hub-http.js";
import type { HubRepository } from "../repository/hub-repository.js";
import { answerFault, pageOf } from "./answer-fault.js";
import type { HubFile, HubListing } from "./hub.js";

/** Branch that is meant where none is named. */
export const MASTER = "master";

const PAGE_SIZE = 200;

/** Pages of a data set's listing at most. */
const PAGES = 500;

/**
 * Lists a repository of ModelScope. Its listings have no commit of the whole: the files' paths and hashes are one.
 * @throws HubError, RetryableError
 */
export async function listModelScope(
  http: HubHttp,
  endpoint: string,
  repository: HubRepository,
  signal?: AbortSignal,
): Promise<HubListing> {
  const { id, kind, revision } = repository;
  const base = `${endpoint}/api/v1/${kind}s/${id}`;
  const branch = revision ?? MASTER;
  const files: HubFile[] = [];
  for (let page = 1; page <= PAGES; page++) {
    const query = new URLSearchParams({ Revision: branch, Recursive: "true" });
    if (kind === "dataset") {
      query.set("PageNumber", String(page));
      query.set("PageSize", String(PAGE_SIZE));
    }
    const listing = kind === "dataset" ? "tree" : "files";
    const answer = await http.open(`${base}/repo/${listing}?${query.toString()}`, { signal });
    const text = await http.text(answer);
    if (answer.status !== 200)
      throw answerFault(repository, pageOf(endpoint, repository), answer, http.hasToken);
    const entries = entriesOf(endpoint, id, text);
    for (const entry of entries) {
      if (entry["Type"] === "tree") continue;
      const { Path: path, Size: size, Sha256: digits } = entry;
      const query = new URLSearchParams({ Revision: branch, FilePath: String(path) });
      const hash = typeof digits === "string" && digits !== "" ? { kind: "sha256" as const, digits } : null;
      files.push({ path: String(path), bytes: Number(size), hash, url: `${base}/repo?${query.toString()}` });
    }
    if (kind === "model" || entries.length < PAGE_SIZE) break;
  }
  const state = files.map(({ path, bytes, hash }) => `${path}\0${bytes}\0${hash?.digits ?? ""}\n`).sort();
  return { commit: createHash("sha1").update(state.join("")).digest("hex"), files };
}

function entriesOf(endpoint: string, id: string, text: string): Record<string, unknown>[] {
  let found: unknown;
  let cause: unknown;
  try {
    found = parseJson(text);
  } catch (error) {
    cause = error;
  }
  const data = isRecord(found) && found["Code"] === 200 ? found["Data"] : null;
  const entries = isRecord(data) ? data["Files"] : null;
  if (Array.isArray(entries) && entries.every(isRecord)) return entries;
  throw new HubError("damaged", phrase`${endpoint}: expected a list of files of ${id}, got another answer`, {
    cause,
  });
}
