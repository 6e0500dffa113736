import { type Phrase, phrase, type Told } from "@lathe/files";
import type { ResumeVerification } from "./verify-resume.js";

/** What kills and resumes came to, as people read it. */
export function tellResumes({ kills, steps, difference }: ResumeVerification): Told {
  const times: Phrase = kills === 1 ? phrase`${1} time` : phrase`${kills} times`;
  if (difference === null) {
    const taken: Phrase = steps === 1 ? phrase`${1} step` : phrase`${steps} steps`;
    return [phrase`${taken}, killed ${times} and resumed: the same bits`];
  }
  const { file, place } = difference;
  const first = place === null ? file : `${file}: ${place}`;
  return [phrase`killed ${times} and resumed: other bits, first in ${first}`];
}
