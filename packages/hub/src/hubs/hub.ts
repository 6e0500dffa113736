/** How a hub says what a file holds. */
export interface FileHash {
  /** `git` is Git's: SHA-1 over `blob`, the length and the content. */
  readonly kind: "sha256" | "git";
  /** Hexadecimal digits. */
  readonly digits: string;
}

/** A file of a repository at a revision. */
export interface HubFile {
  /** Within the repository, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Null where the hub does not say. */
  readonly hash: FileHash | null;
  readonly url: string;
}

/** What a revision of a repository holds. */
export interface HubListing {
  /** Names the state of all files for good. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}
