import { phrase } from "@lathe/files";
import { HubError } from "../hub-error.js";
import { answerFault, pageOf } from "../hubs/answer-fault.js";
import type { HubFile } from "../hubs/hub.js";
import type { HubRepository } from "../repository/hub-repository.js";
import type { FileSource } from "./file-source.js";

/** A repository on a hub, whose listing says of each file what it holds. */
export function repositorySource(repository: HubRepository, endpoint: string, hasToken: boolean): FileSource {
  const { id } = repository;
  const changed = ({ path }: HubFile): HubError =>
    new HubError(
      "damaged",
      phrase`${id}: ${path} is another file than the hub had listed: it was changed meanwhile, or a proxy or mirror answers for it; try again`,
    );
  return {
    isSame: () => true, // the hash of the whole decides
    answerFault: (answer, file) =>
      answer.status === 200 || answer.status === 416
        ? changed(file)
        : answerFault(repository, pageOf(endpoint, repository), answer, hasToken),
    changed,
    damaged: ({ path }) =>
      new HubError(
        "damaged",
        phrase`${id}: ${path} does not have the hash that the hub says, and is not kept; try again, or another mirror`,
      ),
  };
}
