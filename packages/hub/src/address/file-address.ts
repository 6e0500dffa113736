import { FileError } from "@lathe/files";
import type { SignRequest } from "../http/hub-http.js";
import { isHubName } from "../repository/hub-repository.js";
import type { Environment } from "../settings/hub-settings.js";
import { storeSigner } from "./store-signer.js";

/** A file somewhere on the network. */
export interface FileAddress {
  readonly url: string;
  /** The address without what may be secret in it, for messages and manifests: no query and no fragment. */
  readonly shown: string;
  /** Signs requests for the file; null where they go as they are. */
  readonly sign: SignRequest | null;
}

const SCHEME = /^(?:https?|s3):\/\//i;
const STORE = /^s3:\/\/([A-Za-z0-9][\w.-]{1,62})\/(.+)$/i;

/** Whether a text is the address of a file, `https://…`, `http://…` or `s3://bucket/key`, and none of a page of a hub. */
export function isFileAddress(text: string): boolean {
  return SCHEME.test(text) && !isHubName(text);
}

/** An address without what may be secret in it, for messages: no user, no query and no fragment. */
export function shownAddress(text: string): string {
  if (/^s3:/i.test(text)) return text;
  // A text that cannot be read may hold a secret anywhere behind its scheme.
  if (!URL.canParse(text)) return text.replace(/:\/\/.*$/s, "://…");
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}

/**
 * Reads the address of a file. `s3://` is asked at `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else at Amazon's host of
 * `AWS_REGION`, signed where the environment holds a key.
 *
 * @throws FileError where it is none
 */
export function parseFileAddress(text: string, env: Environment): FileAddress {
  if (/^s3:/i.test(text)) return parseStoreAddress(text, env);
  const shown = shownAddress(text);
  if (!URL.canParse(text)) throw new FileError(shown, "is no address of a file");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    throw new FileError(shown, "expected an address without a user name and a password");
  return { url: url.href, shown, sign: null };
}

function parseStoreAddress(text: string, env: Environment): FileAddress {
  const [, bucket, key] = STORE.exec(text) ?? [];
  const isKey = key !== undefined && key.split("/").every((part) => part !== "." && part !== "..");
  if (!isKey) throw new FileError(text, "expected s3://bucket/key");
  const region = set(env["AWS_REGION"]) ?? set(env["AWS_DEFAULT_REGION"]) ?? "us-east-1";
  const endpoint = set(env["AWS_ENDPOINT_URL_S3"]) ?? set(env["AWS_ENDPOINT_URL"]);
  if (!/^[a-z0-9-]{1,40}$/.test(region))
    throw new FileError(text, "expected the name of a region in AWS_REGION, such as us-east-1");
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:/.test(endpoint)))
    throw new FileError(text, "expected the address of a store in AWS_ENDPOINT_URL");
  const domain = `s3.${region}.amazonaws.com`;
  // A bucket with dots has no certificate as a host, and stores of one's own have no hosts for buckets.
  const base =
    endpoint !== undefined
      ? `${endpoint.replace(/\/+$/, "")}/${bucket}`
      : bucket.includes(".")
        ? `https://${domain}/${bucket}`
        : `https://${bucket}.${domain}`;
  const url = `${base}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return { url, shown: text, sign: storeSigner(url, region, env) };
}

const set = (value: string | undefined): string | undefined => (value === "" ? undefined : value);
