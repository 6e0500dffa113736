/** What of the studio is open. */
export type Route =
  | { readonly view: "runs" }
  | { readonly view: "run" | "chat"; readonly run: string }
  | { readonly view: "compare"; readonly runs: readonly string[] }
  | { readonly view: "page"; readonly page: string };

/** The part of an address behind its `#`: the secret of the link, and what is open. */
export interface Place {
  readonly secret: string;
  readonly route: Route;
}

/** Reads the part of an address behind its `#`; what is none is the list of runs. */
export function parsePlace(hash: string): Place {
  const [secret, view, ...rest] = hash.replace(/^#/, "").split("/");
  const ids = rest.map(decoded).filter((id) => id !== "");
  const runs = { secret, route: { view: "runs" } } as const;
  if (view === "compare" && ids.length > 0) return { secret, route: { view, runs: ids } };
  if (ids.length !== 1) return runs;
  if (view === "run" || view === "chat") return { secret, route: { view, run: ids[0] } };
  return view === "page" ? { secret, route: { view, page: ids[0] } } : runs;
}

/** The address of a place. */
export function hashOf({ secret, route }: Place): string {
  const ids =
    route.view === "compare"
      ? route.runs
      : "run" in route
        ? [route.run]
        : "page" in route
          ? [route.page]
          : [];
  if (route.view === "runs") return `#${secret}`;
  return `#${[secret, route.view, ...ids.map(encodeURIComponent)].join("/")}`;
}

/** Runs whose metrics the place shows. */
export function watchedRuns(route: Route): readonly string[] {
  return route.view === "compare" ? route.runs : route.view === "run" ? [route.run] : [];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
