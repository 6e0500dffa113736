import { networkInterfaces } from "node:os";
import type { MiddlewareHandler } from "hono";
import type { Speaker } from "./speaker.js";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const ANY_ADDRESS = ["0.0.0.0", "::"];

/** An address as it stands in a URL. */
export const hostText = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/**
 * Names under which a server may be asked: other sites can make a browser ask it under theirs (DNS rebinding).
 *
 * @param address that the server listens on
 */
export function allowedHosts(address: string, port: number): ReadonlySet<string> {
  const own = hostText(address);
  const names = LOOPBACK.includes(own)
    ? LOOPBACK
    : ANY_ADDRESS.includes(address)
      ? [...LOOPBACK, ...machineAddresses()]
      : [own];
  // A browser leaves the port of http out.
  return new Set(names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]));
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => hostText(address)),
  );
}

/** What of other documents, scripts and styles a page may have: its own alone, and never from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** What every answer of the server says to the browser besides: nothing kept, nothing guessed. */
const headers: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Cache-Control": "no-store",
};

/**
 * Refuses requests that are not the page's own: another `Host`, another `Origin`, sent by another site. Only `POST` changes
 * anything, and of other methods than `GET`, `HEAD` and `POST` there are none.
 *
 * @param more what the page may have besides, in the words of a content policy
 */
export function guard(hosts: () => ReadonlySet<string>, speaker: Speaker, more?: string): MiddlewareHandler {
  return async (context, next) => {
    context.header("Content-Security-Policy", more === undefined ? POLICY : `${POLICY}; ${more}`);
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    const { method } = context.req;
    if (!["GET", "HEAD", "POST"].includes(method)) {
      context.header("Allow", "GET, HEAD, POST");
      return speaker.refuse(context, 405, "MethodError", "expected GET, HEAD or POST");
    }
    const host = context.req.header("Host")?.toLowerCase() ?? "";
    if (!hosts().has(host)) {
      return speaker.refuse(context, 421, "HostError", "expected the host of the link");
    }
    const origin = context.req.header("Origin");
    const site = context.req.header("Sec-Fetch-Site");
    const isForeign =
      (origin !== undefined && origin.toLowerCase() !== `http://${host}`) ||
      (site !== undefined && site !== "same-origin" && !(site === "none" && method !== "POST"));
    // Following a link from elsewhere to the page itself is no request of the other site.
    const isVisit =
      method === "GET" && origin === undefined && context.req.header("Sec-Fetch-Dest") === "document";
    if (isForeign && !isVisit) {
      return speaker.refuse(context, 403, "OriginError", "expected a request of the page itself");
    }
    return next();
  };
}
