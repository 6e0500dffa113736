import { phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import type { HubAnswer } from "../http/hub-http.js";
import { type HubRepository, repositoryText } from "../repository/hub-repository.js";

/** The address of a repository's page. */
export function pageOf(endpoint: string, { hub, kind, id }: HubRepository): string {
  const folder = kind === "dataset" ? "datasets/" : hub === "modelscope" ? "models/" : "";
  return `${endpoint}/${folder}${id}`;
}

/** Variable that a hub's token is taken from. */
const tokenNames = { huggingface: "HF_TOKEN", modelscope: "MODELSCOPE_API_TOKEN" } as const;

/** What an answer other than the one that was asked for means to whoever asked. */
export function answerFault(
  repository: HubRepository,
  page: string,
  { status, headers }: Pick<HubAnswer, "status" | "headers">,
  hasToken: boolean,
): HubError {
  const name = repositoryText(repository);
  const variable = tokenNames[repository.hub];
  const code = headers["x-error-code"];
  if (code === "GatedRepo" || (status === 403 && hasToken)) {
    return hasToken
      ? new HubError(
          "gated",
          phrase`${name} is gated: ask for access on ${page}, with the account of your token`,
        )
      : new HubError(
          "gated",
          phrase`${name} is gated: ask for access on ${page} and give a token of that account in ${variable}`,
        );
  }
  if (code === "RevisionNotFound") {
    return new HubError(
      "missing",
      phrase`${name}: there is no such revision; ${page} lists the branches and tags`,
    );
  }
  if (code === "EntryNotFound")
    return new HubError("missing", phrase`${name}: a file of the listing is not there any more; try again`);
  if (status === 401 && hasToken && code !== "RepoNotFound") {
    return new HubError(
      "token",
      phrase`${name}: the hub does not take the token; give another in ${variable}, or none`,
    );
  }
  if (status === 401 || status === 403 || status === 404) {
    return hasToken
      ? new HubError(
          "missing",
          phrase`${name} is not on the hub, or hidden from the account of the token: ${page}`,
        )
      : new HubError(
          "missing",
          phrase`${name} is not on the hub, or private: look at ${page}; what is private needs a token in ${variable}`,
        );
  }
  return new HubError(
    "network",
    phrase`${name}: expected files, got status ${status} from ${new URL(page).host}`,
  );
}
