import { UsageError, type VerbContext } from "@lathe/command";
import { phrase } from "@lathe/files";
import type { Messages } from "./messages/messages.js";

/** What a launch has to know of the words of `train`. */
export interface TrainWords {
  /** Folder of the run, as the words have it. */
  readonly output: string;
  readonly overwrite: boolean;
  readonly resume: boolean;
}

/**
 * Reads and checks the words after `--`, which are the verb `train` and its options.
 * @param verb that they were given to, such as `dist run`
 * @throws UsageError where they are of another verb, or `train` would refuse them
 */
export async function readTrainWords(
  words: readonly string[],
  verb: string,
  { read }: Pick<VerbContext<Messages>, "read">,
): Promise<TrainWords> {
  const named = await read(words);
  if (named.verb !== "train")
    throw new UsageError([phrase`${verb}: expected the verb train after --, got ${named.verb}`], verb);
  const { output, overwrite, resume } = named.values as unknown as TrainWords;
  return { output, overwrite, resume };
}
