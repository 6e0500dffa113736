/** Where repositories are kept. */
export type HubName = "huggingface" | "modelscope";

/** What a repository holds. */
export type RepositoryKind = "model" | "dataset";

/** A repository on a hub, and what of it is meant. */
export interface HubRepository {
  readonly hub: HubName;
  readonly kind: RepositoryKind;
  /** `owner/name` */
  readonly id: string;
  /** Branch, tag or commit; null for the hub's main branch. */
  readonly revision: string | null;
  /** Path of the file that is meant; null for whatever is needed. */
  readonly file: string | null;
}

const ID = "[A-Za-z0-9][\\w.-]{0,95}/[A-Za-z0-9][\\w.-]{0,95}";
const NAMED = new RegExp(`^(${ID})(?:@([\\w][\\w./-]{0,199}))?(?::([^:]{1,500}))?$`);

/** What stands before a name, and what it says of it. */
const prefixes: readonly (readonly [prefix: string, hub: HubName, kind: RepositoryKind | null])[] = [
  ["modelscope-dataset:", "modelscope", "dataset"],
  ["modelscope:", "modelscope", null],
  ["hf-dataset:", "huggingface", "dataset"],
  ["hf://datasets/", "huggingface", "dataset"],
  ["hf://", "huggingface", null],
  ["hf:", "huggingface", null],
];

/** Pages of the two hubs. */
const PAGE =
  /^https?:\/\/(?:www\.)?(huggingface\.co|hf-mirror\.com|modelscope\.cn)\/(models\/|datasets\/)?([^/\s]+\/[^/?#\s]+)(?:\/(?:tree|blob|resolve)\/([^/?#\s]+)(?:\/([^?#\s]+))?)?\/?$/;

/** Whether parts of a path lead only downwards. */
export function isPlainPath(path: string): boolean {
  // eslint-disable-next-line no-control-regex -- names with control characters are what is refused
  if (/[\\\0-\x1f:]/.test(path) || path.startsWith("/")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/**
 * Reads the name of a repository: `owner/name`, with `@revision` and `:path/of/a/file` or without; behind `hf:`,
 * `modelscope:`, `hf-dataset:` or `modelscope-dataset:`, or as the address of its page.
 *
 * @param kind what is meant where the name does not say
 * @returns null where the text is no such name
 */
export function parseRepository(text: string, kind: RepositoryKind): HubRepository | null {
  const page = PAGE.exec(text);
  if (page) {
    const [, host, folder, id, revision, file] = page;
    const hub = host === "modelscope.cn" ? "modelscope" : "huggingface";
    const named = parseNamed(`${id}${revision ? `@${revision}` : ""}${file ? `:${file}` : ""}`);
    return named && { hub, kind: folder === "datasets/" ? "dataset" : kind, ...named };
  }
  const prefix = prefixes.find(([start]) => text.startsWith(start));
  const named = parseNamed(prefix ? text.slice(prefix[0].length) : text);
  return named && { hub: prefix?.[1] ?? "huggingface", kind: prefix?.[2] ?? kind, ...named };
}

/** Whether a text says by itself that a hub is meant: it has a prefix or is an address. */
export function isHubName(text: string): boolean {
  return PAGE.test(text) || prefixes.some(([prefix]) => text.startsWith(prefix));
}

function parseNamed(text: string): Pick<HubRepository, "id" | "revision" | "file"> | null {
  const match = NAMED.exec(text);
  if (!match) return null;
  const [, id, revision = null, file = null] = match;
  if (!isPlainPath(id) || id.includes("--") || (revision !== null && !isPlainPath(revision))) return null;
  if (file !== null && !isPlainPath(file)) return null;
  return { id, revision, file };
}

/** A repository as one names it. */
export function repositoryText({ hub, kind, id, revision }: HubRepository): string {
  const prefix = hub === "modelscope" ? (kind === "dataset" ? "modelscope-dataset:" : "modelscope:") : "";
  return `${prefix === "" && kind === "dataset" ? "hf-dataset:" : prefix}${id}${revision === null ? "" : `@${revision}`}`;
}
