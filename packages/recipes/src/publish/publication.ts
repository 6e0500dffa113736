import type { HubRepository } from "@lathe/hub";
import type { FileHashes } from "../record/run-hashes.js";

/** What the card of a publication says of the model that it stands on. */
export interface PublishedBase {
  /** `owner/name` on the hub. */
  readonly id: string;
  /** Commit that the weights are of; null where it is not known. */
  readonly commit: string | null;
}

/** A file of a publication. */
export interface PublishedFile {
  /** Within the repository. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What it holds: a text that was written for the publication, or a file of the folder. */
  readonly content: { readonly text: string } | { readonly file: string };
}

/** All that would be published. */
export interface Publication {
  /** What it is: an adapter, or a model that was trained as a whole. */
  readonly kind: "adapter" | "model";
  /** Folder that the files are of. */
  readonly folder: string;
  /** Where it would be. */
  readonly repository: HubRepository;
  readonly base: PublishedBase;
  readonly files: readonly PublishedFile[];
  /** The page that stands first in the repository. */
  readonly card: string;
}

/** How the run went that made what is published, without a path of this machine. */
export interface PublishedRun {
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly model: FileHashes;
  readonly data: string | null;
  readonly validation: string | null;
}
