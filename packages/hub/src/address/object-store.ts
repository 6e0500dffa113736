import { asPhrase, FileError, type Phrase, phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import { type HubAnswer, HubHttp, type HubRequest, type Wait } from "../http/hub-http.js";
import { RetryableError } from "../http/retryable.js";
import { type Environment, hubSettings } from "../settings/hub-settings.js";
import { parseFileAddress } from "./file-address.js";
import { StoreObjectError } from "./store-object-error.js";

/** A place in an object store, below which keys lie: bytes are put there, got and listed. */
export interface ObjectStore {
  /** Its address without what may be secret in it. */
  readonly place: string;
  /**
   * The bytes under a key, or null where there are none.
   * @throws StoreObjectError where the store does not show it, or there are more bytes than `limit`; FileError where there is no such
   *   bucket; HubError where the store is not reached
   */
  get(key: string, limit: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Puts bytes under a key, in place of what was there. @throws FileError, HubError */
  put(key: string, contents: Uint8Array): Promise<void>;
  /** Names right below a key, in order. @throws FileError, HubError */
  list(key: string): Promise<string[]>;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** How {@link openStore} asks. */
export interface OpenStoreOptions {
  /** Keys, region and endpoint of a store, and proxies. @defaultValue the environment of the process */
  readonly env?: Environment | undefined;
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue a timer */
  readonly wait?: Wait | undefined;
}

/** Largest listing of one answer, in bytes: a thousand keys of the longest names have a megabyte and a half. */
const LISTING_LIMIT = 8_000_000;

/** Answers that a listing may come in; each has up to a thousand names. */
const PAGES_LIMIT = 200;

/** Largest text that says why there is no answer, in bytes. */
const FAULT_LIMIT = 64_000;

/**
 * Opens a place in a store that speaks as Amazon's S3 does (MinIO, Ceph, Garage, R2 and others):
 *
 * - `s3://bucket/prefix` is asked as `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` and `AWS_REGION` say, signed where the environment holds a
 *   key.
 * - `https://host/bucket/prefix?token` goes as it is, with its query on every request: for a gateway that lets whoever has it in.
 *
 * What fails for a moment is tried again.
 *
 * @throws FileError where the address is none
 */
export function openStore(
  address: string,
  { env = process.env, signal, wait }: OpenStoreOptions = {},
): ObjectStore {
  const base = address.replace(/\/+(?=\?|$)/, "");
  const { bucket, prefix, urlOf, listUrl, sign, place } = parseStore(base, env);
  const http = new HubHttp({
    proxies: hubSettings(env).proxies,
    origin: new URL(bucket).origin,
    token: null,
    wait,
  });
  const ask = async <Result>(
    url: string,
    request: Omit<HubRequest, "sign" | "signal">,
    read: (answer: HubAnswer) => Promise<Result>,
  ): Promise<Result> =>
    await http.persist(
      async () => await read(await http.open(url, { ...request, sign: sign ?? undefined, signal })),
      signal,
    );
  const fault = async (key: string, answer: HubAnswer): Promise<Error> => {
    await answer.body.dump();
    return answerFault(`${place}/${key}`, answer.status, sign !== null);
  };
  const bytesUnder = async (
    key: string,
    answer: HubAnswer,
    limit: number,
  ): Promise<Uint8Array<ArrayBuffer>> => await bytesOf(answer, limit, `${place}/${key}`);
  return {
    place,
    get: async (key, limit) =>
      await ask(urlOf(key), {}, async (answer) => {
        if (answer.status === 404) {
          const said = Buffer.from(await bytesUnder(key, answer, FAULT_LIMIT)).toString("latin1");
          if (said.includes("<Code>NoSuchBucket</Code>")) throw noBucket(place);
          return null;
        }
        if (answer.status === 401 || answer.status === 403) {
          await answer.body.dump();
          throw new StoreObjectError(
            `${place}/${key}`,
            phrase`none, as ${refusal(answer.status, sign !== null)}`,
          );
        }
        if (answer.status !== 200) throw await fault(key, answer);
        return await bytesUnder(key, answer, limit);
      }),
    put: async (key, contents) => {
      await ask(urlOf(key), { method: "PUT", body: contents }, async (answer) => {
        if (answer.status < 200 || answer.status > 204) throw await fault(key, answer);
        await answer.body.dump();
      });
    },
    async list(key) {
      const below = `${prefix === "" ? "" : `${prefix}/`}${key}/`;
      const names = new Set<string>();
      let token: string | null = null;
      let pages = 0;
      do {
        const text: string = await ask(listUrl(below, token), {}, async (answer) => {
          if (answer.status !== 200) throw await fault(key, answer);
          return Buffer.from(await bytesUnder(key, answer, LISTING_LIMIT)).toString("utf8");
        });
        const listing = parseListing(text);
        if (listing === null)
          throw new FileError(
            `${place}/${key}`,
            "expected a listing of keys in S3's form, got something else",
          );
        for (const found of listing.keys) {
          const [name] = found.slice(below.length).split("/");
          if (found.startsWith(below) && name !== "") names.add(name);
        }
        token = listing.next;
        if (token !== null && ++pages === PAGES_LIMIT)
          throw new FileError(
            `${place}/${key}`,
            phrase`expected a listing that ends, in up to ${PAGES_LIMIT} answers`,
          );
      } while (token !== null);
      return [...names].sort();
    },
    close: async () => await http.close(),
  };
}

/** Where a place is asked for what. */
interface ParsedStore extends Pick<ReturnType<typeof parseFileAddress>, "sign"> {
  readonly place: string;
  /** Address of the bucket. */
  readonly bucket: string;
  /** What all keys begin with; empty for none. */
  readonly prefix: string;
  readonly urlOf: (key: string) => string;
  readonly listUrl: (below: string, token: string | null) => string;
}

function parseStore(address: string, env: Environment): ParsedStore {
  if (/^s3:/i.test(address)) {
    const [, name, prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(address) ?? [];
    const under = (key: string): string => `s3://${name ?? ""}/${prefix === "" ? "" : `${prefix}/`}${key}`;
    // A key stands for all: what is wrong with the address is wrong with its.
    const { sign } = parseFileAddress(under("k"), env);
    const bucket = parseFileAddress(`s3://${name}/k`, env).url.slice(0, -"/k".length);
    return {
      place: address,
      sign,
      bucket,
      prefix,
      urlOf: (key) => parseFileAddress(under(key), env).url,
      listUrl: (below, token) => `${bucket}/?${listQuery(below, token).toString()}`,
    };
  }
  const { url: text, shown } = parseFileAddress(address, env);
  const url = new URL(text);
  const [, name = "", ...rest] = url.pathname.split("/");
  if (name === "")
    throw new FileError(shown, "expected the address of a place in a bucket, https://host/bucket");
  const carried = url.search.slice(1);
  const withQuery = (path: string, query = ""): string => {
    const joined = [query, carried].filter((part) => part !== "").join("&");
    return `${url.origin}${path}${joined === "" ? "" : `?${joined}`}`;
  };
  return {
    place: shown,
    sign: null,
    bucket: `${url.origin}/${name}`,
    prefix: rest.map((part) => decodedPart(part, shown)).join("/"),
    urlOf: (key) => withQuery(`${url.pathname}/${key.split("/").map(encodeURIComponent).join("/")}`),
    listUrl: (below, token) => withQuery(`/${name}`, listQuery(below, token).toString()),
  };
}

function listQuery(below: string, token: string | null): URLSearchParams {
  return new URLSearchParams({
    "list-type": "2",
    delimiter: "/",
    "encoding-type": "url",
    prefix: below,
    ...(token === null ? {} : { "continuation-token": token }),
  });
}

/** The keys and common beginnings of a listing, and what brings the next one; null where it is none. */
function parseListing(text: string): { readonly keys: string[]; readonly next: string | null } | null {
  if (!/<ListBucketResult[\s>]/.test(text)) return null;
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found]) => unescaped(found));
  const isEncoded = /<EncodingType>url<\/EncodingType>/.test(text);
  const keys = [
    ...all(/<Contents>[^]*?<Key>([^<]*)<\/Key>[^]*?<\/Contents>/g),
    ...all(/<CommonPrefixes>\s*<Prefix>([^<]*)<\/Prefix>/g),
  ].map((key) => (isEncoded ? decoded(key) : key));
  const isCut = /<IsTruncated>true<\/IsTruncated>/.test(text);
  const [next] = all(/<NextContinuationToken>([^<]*)<\/NextContinuationToken>/g);
  return { keys, next: isCut && next !== undefined ? next : null };
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]);

/** A part of an address's path without its percent signs. @throws FileError where those stand for no text */
function decodedPart(part: string, shown: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new FileError(shown, "expected percent signs that stand for characters, %25 for one of its own");
  }
}

/** A key without its percent signs; one that is not encoded as it says stays as it is. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", "%20"));
  } catch {
    return key;
  }
}

async function bytesOf({ body }: HubAnswer, limit: number, shown: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) throw new StoreObjectError(shown, phrase`one of more than ${limit} bytes`);
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof StoreObjectError) throw cause;
    throw new RetryableError(asPhrase("the store's answer was cut"), null, { cause });
  }
  return new Uint8Array(Buffer.concat(parts));
}

function answerFault(shown: string, status: number, isSigned: boolean): Error {
  if (status === 401 || status === 403) return new FileError(shown, refusal(status, isSigned));
  if (status === 404) return noBucket(shown);
  return new HubError("network", phrase`${shown}: got status ${status} from the store`);
}

const noBucket = (shown: string): FileError => new FileError(shown, "there is no such bucket");

function refusal(status: number, isSigned: boolean): Phrase {
  return isSigned
    ? phrase`its store refuses the owner of the key in AWS_ACCESS_KEY_ID (${status})`
    : phrase`its store refuses whoever has no key (${status}); give one in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an address that lets you in`;
}
