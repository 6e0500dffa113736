import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { HubName } from "../repository/hub-repository.js";

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where hubs are, where their files are kept and who asks, as Python's tools take it from the environment. */
export interface HubSettings {
  /** Addresses of the hubs, without a slash at the end. */
  readonly endpoints: Readonly<Record<HubName, string>>;
  /** Folders of the caches; that of Hugging Face is the one that Python's tools share. */
  readonly caches: Readonly<Record<HubName, string>>;
  /** Folder of the cache of files from other addresses. */
  readonly files: string;
  /** Whether only what is on this machine may be used. */
  readonly isOffline: boolean;
  readonly proxies: ProxySettings;
  /** The token for a hub, read when it is first asked for; null where there is none. */
  readonly token: (hub: HubName) => Promise<string | null>;
}

/** Through which proxies requests go. */
export interface ProxySettings {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are asked directly, set apart by commas. */
  readonly none: string | undefined;
}

const TRUE = /^(?:1|on|yes|true)$/i;

/** The first of some variables that is set to something. */
function first(env: Environment, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
}

/**
 * Settings by the environment: `HF_ENDPOINT`, `HF_HUB_CACHE` or `HF_HOME`, `HF_TOKEN` or the file that Hugging Face's own tools
 * keep it in, `HF_HUB_OFFLINE`; `MODELSCOPE_DOMAIN` and `MODELSCOPE_API_TOKEN`; `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`.
 */
export function hubSettings(env: Environment = process.env): HubSettings {
  const caches = first(env, "XDG_CACHE_HOME") ?? join(homedir(), ".cache");
  const home = first(env, "HF_HOME") ?? join(caches, "huggingface");
  const tokenFile = first(env, "HF_TOKEN_PATH") ?? join(home, "token");
  const domain = first(env, "MODELSCOPE_DOMAIN") ?? "www.modelscope.cn";
  return {
    endpoints: {
      huggingface: trimmed(first(env, "HF_ENDPOINT") ?? "https://huggingface.co"),
      modelscope: trimmed(/^https?:\/\//.test(domain) ? domain : `https://${domain}`),
    },
    caches: {
      huggingface: first(env, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? join(home, "hub"),
      modelscope: first(env, "LATHE_MODELSCOPE_CACHE") ?? join(caches, "lathe", "modelscope"),
    },
    files: join(caches, "lathe", "files"),
    isOffline: [env["HF_HUB_OFFLINE"], env["TRANSFORMERS_OFFLINE"]].some((value) => TRUE.test(value ?? "")),
    proxies: {
      http: first(env, "http_proxy", "HTTP_PROXY"),
      https: first(env, "https_proxy", "HTTPS_PROXY"),
      none: first(env, "no_proxy", "NO_PROXY"),
    },
    async token(hub) {
      if (hub === "modelscope") return usable(first(env, "MODELSCOPE_API_TOKEN"));
      const given = first(env, "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN");
      return usable(given ?? (await readFile(tokenFile, "utf8").catch(() => undefined)));
    },
  };
}

const trimmed = (address: string): string => address.replace(/\/+$/, "");

/** A token without what a header cannot hold. */
function usable(token: string | undefined): string | null {
  const text = token?.trim() ?? "";
  return /^[\x21-\x7e]+$/.test(text) ? text : null;
}
