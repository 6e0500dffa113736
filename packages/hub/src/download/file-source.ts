import type { HubAnswer, SignRequest } from "../http/hub-http.js";
import type { HubFile } from "../hubs/hub.js";

/** Where files are downloaded from: what its answers mean, and what its requests need besides a range. */
export interface FileSource {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly sign?: SignRequest | undefined;
  /** Whether an answer is of the file as it was announced, by what it says besides lengths. */
  isSame(answer: HubAnswer): boolean;
  /** Why an answer holds no bytes that were asked for. */
  answerFault(answer: HubAnswer, file: HubFile): Error;
  /** The file is another than was announced. */
  changed(file: HubFile): Error;
  /** The file does not have the length or the hash that was announced. */
  damaged(file: HubFile): Error;
}
