import { FileError } from "./file-error.js";
import { asPhrase, type Phrase, phrase } from "./phrase.js";

/** What was being done to a path when the system refused. */
export type FileAction = "read" | "written" | "made" | "replaced" | "removed";

/** What the codes of the system mean to whoever named the path. */
const meanings: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the disk quota is used up",
  EFBIG: "it would be larger than the limit on the size of files",
  EINVAL: "the system does not do that there",
  EIO: "the device failed",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open",
  ENOENT: "the system takes nothing there",
  ENOMEM: "the system has no memory left",
  ENOSPC: "no space is left on the device",
  ENOTDIR: "a part of the path is a file",
  EOPNOTSUPP: "the system does not do that there",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ETXTBSY: "it is being run",
  EXDEV: "it lies on another file system",
};

const refusals: Readonly<Record<FileAction, (why: Phrase) => Phrase>> = {
  read: (why) => phrase`cannot be read: ${why}`,
  written: (why) => phrase`cannot be written: ${why}`,
  made: (why) => phrase`cannot be made: ${why}`,
  replaced: (why) => phrase`cannot be replaced: ${why}`,
  removed: (why) => phrase`cannot be removed: ${why}`,
};

/** Whether the operating system refused something, as opposed to a fault of the program. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

/** Why the system refused something, in a phrase; of a code that has none here the message of the system. */
export const systemReason = ({ code = "", message }: NodeJS.ErrnoException): Phrase =>
  asPhrase(Object.hasOwn(meanings, code) ? meanings[code] : message);

/**
 * An error of the file system as a {@link FileError} that names the path; any other error as it is.
 * @param path the path as the user knows it, which the system's own message may lack
 */
export function asFileError(path: string, action: FileAction, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const { code } = error;
  const fault = (reason: string | Phrase): FileError => new FileError(path, reason, { cause: error });
  if (action === "read") {
    if (code === "ENOENT" || code === "ENOTDIR") return fault("no such file");
    if (code === "EISDIR") return fault("expected a file, got a folder");
    if (code === "EACCES" || code === "EPERM") return fault("may not be read: permission denied");
  }
  return fault(refusals[action](systemReason(error)));
}
