import { openAsBlob } from "node:fs";
import { isRecord, parseJson, phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import { answerFault, pageOf } from "../hubs/answer-fault.js";
import { MAIN } from "../hubs/hugging-face.js";
import { HubHttp, type Wait } from "../http/hub-http.js";
import { type HubRepository, isPlainPath, repositoryText } from "../repository/hub-repository.js";
import { type HubSettings, hubSettings } from "../settings/hub-settings.js";
import { loadUploader, type Uploader } from "./load-uploader.js";

/** A file to push. */
export interface PushedFile {
  /** Within the repository, with `/`. */
  readonly path: string;
  /** What it holds: a text, or the path of a file on this machine. */
  readonly content: { readonly text: string } | { readonly file: string };
}

/** How far a push is. */
export interface PushProgress {
  /** Within the repository; null between files. */
  readonly file: string | null;
  /** Of all files that have been hashed or sent, each counted when it is done. */
  readonly doneFiles: number;
  readonly totalFiles: number;
}

/** How {@link push} goes about it. */
export interface PushOptions {
  /** What the commit says. */
  readonly title: string;
  /** Whether all may see it. @defaultValue false, and a repository that all can see already is refused */
  readonly isPublic?: boolean | undefined;
  /** @defaultValue by the environment */
  readonly settings?: HubSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears how far it is. */
  readonly onProgress?: ((progress: PushProgress) => void) | undefined;
  /** How waits between tries are made; tests do not wait. */
  readonly wait?: Wait | undefined;
}

/** What a push came to. */
export interface PushedRepository {
  /** Page of the repository. */
  readonly page: string;
  readonly commit: string;
  /** Whether the repository is new. */
  readonly isNew: boolean;
  readonly isPrivate: boolean;
}

/**
 * Sends files to a model's repository on Hugging Face, or on a mirror that takes pushes, as one commit: all of them arrive, or none
 * does. A repository that is not there is made, private unless it may be public; one that is public already takes nothing that
 * was meant for few. Needs a token with the right to write, and the package `@huggingface/hub` beside this one.
 *
 * @throws HubError
 * @throws the signal's reason when it aborts
 */
export async function push(
  repository: HubRepository,
  files: readonly PushedFile[],
  options: PushOptions,
): Promise<PushedRepository> {
  const { settings = hubSettings(), signal, wait } = options;
  const name = repositoryText(repository);
  if (repository.hub !== "huggingface" || repository.kind !== "model" || repository.file !== null) {
    throw new HubError("name", phrase`expected a model's repository on Hugging Face to push to, got ${name}`);
  }
  const wrong = files.find(({ path }) => !isPlainPath(path));
  if (wrong) throw new HubError("name", phrase`expected a path below the repository, got ${wrong.path}`);
  if (settings.isOffline) {
    throw new HubError("offline", phrase`${name}: HF_HUB_OFFLINE lets nothing be pushed`);
  }
  const origin = settings.endpoints.huggingface;
  if (!URL.canParse(origin)) {
    throw new HubError("name", phrase`expected the address of a hub in HF_ENDPOINT, got ${origin}`);
  }
  const token = await settings.token("huggingface");
  if (!token?.startsWith("hf_")) {
    throw new HubError(
      "token",
      phrase`${name}: pushing needs a token that may write, which begins with hf_; give it in HF_TOKEN`,
    );
  }
  const uploader = await loadUploader();
  const http = new HubHttp({ proxies: settings.proxies, origin, token, wait });
  try {
    return await pushOver({ http, uploader, origin, token }, repository, files, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof uploader.HubApiError
      ? answerFault(repository, pageOf(origin, repository), { status: error.statusCode, headers: {} }, true)
      : error;
  } finally {
    await http.close();
  }
}

/** What requests are made with. */
interface Connection {
  readonly http: HubHttp;
  readonly uploader: Uploader;
  readonly origin: string;
  readonly token: string;
}

async function pushOver(
  { http, uploader, origin, token }: Connection,
  repository: HubRepository,
  files: readonly PushedFile[],
  { title, isPublic = false, signal, onProgress }: PushOptions,
): Promise<PushedRepository> {
  const { id, revision } = repository;
  const page = pageOf(origin, repository);
  const found = await http.persist(() => findRepository(http, origin, repository, signal), signal);
  if (found && !found.isPrivate && !isPublic) {
    throw new HubError(
      "public",
      phrase`${id} is public, and what is pushed is for few unless it is said to be public: say so, or push to another name`,
    );
  }
  const request = { hubUrl: origin, accessToken: token, fetch: http.fetch };
  if (!found) {
    const visibility = isPublic ? "public" : "private";
    await uploader.createRepo({ ...request, repo: { type: "model", name: id }, visibility });
  }
  const contents = await Promise.all(
    files.map(async ({ path, content }) => {
      const blob = "text" in content ? new Blob([content.text]) : await openAsBlob(content.file);
      return { operation: "addOrUpdate" as const, path, content: blob };
    }),
  );
  const work = uploader.commitIter({
    ...request,
    ...(signal ? { abortSignal: signal } : {}),
    repo: { type: "model", name: id },
    operations: contents,
    title,
    branch: revision ?? MAIN,
    // Its other way of sending asks services beside the hub, which mirrors do not have.
    useXet: false,
  });
  const done = new Set<string>();
  onProgress?.({ file: null, doneFiles: 0, totalFiles: files.length });
  for (let step = await work.next(); ; step = await work.next()) {
    if (step.done) {
      if (!step.value) break;
      onProgress?.({ file: null, doneFiles: files.length, totalFiles: files.length });
      const isPrivate = found ? found.isPrivate : !isPublic;
      return { page, commit: step.value.commit.oid, isNew: !found, isPrivate };
    }
    if (step.value.event !== "fileProgress") continue;
    const { path, progress, state } = step.value;
    if (state === "uploading" && progress >= 1) done.add(path);
    onProgress?.({ file: path, doneFiles: done.size, totalFiles: files.length });
  }
  throw new HubError("damaged", phrase`${origin}: expected a commit of ${id}, got another answer`);
}

/** Whether a repository is there and who sees it; null where it is not there, or hidden from whoever asks. */
async function findRepository(
  http: HubHttp,
  origin: string,
  repository: HubRepository,
  signal: AbortSignal | undefined,
): Promise<{ readonly isPrivate: boolean } | null> {
  const answer = await http.open(`${origin}/api/models/${repository.id}`, { signal });
  const text = await http.text(answer);
  if (answer.status === 404 || (answer.status === 401 && answer.headers["x-error-code"] === "RepoNotFound"))
    return null;
  if (answer.status !== 200) throw answerFault(repository, pageOf(origin, repository), answer, http.hasToken);
  const found = parsed(text);
  if (isRecord(found) && typeof found["private"] === "boolean") return { isPrivate: found["private"] };
  throw new HubError(
    "damaged",
    phrase`${origin}: expected whether ${repository.id} is private, got another answer`,
  );
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
