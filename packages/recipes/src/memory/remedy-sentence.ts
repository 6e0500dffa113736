import { asPhrase, type Phrase, phrase } from "@lathe/files";
import { field } from "../recipe-error.js";
import type { Remedy } from "./plan-remedies.js";

/** Remedies in one sentence, each with the settings it asks for, the bytes it saves and the time it takes more. */
export function remediesSentence(remedies: readonly Remedy[]): Phrase {
  if (remedies.length === 0) return { ...asPhrase("nothing does") };
  return remedies.map(remedySentence).reduce((before, next) => phrase`${before}, ${next}`);
}

function remedySentence({ settings, savesBytes, timeFactor }: Remedy): Phrase {
  const asked = Object.entries(settings)
    .map(([path, value]) => phrase`${field(path)} ${value}`)
    .reduce((before, next) => phrase`${before} ${next}`);
  const saved = (savesBytes / 1e9).toPrecision(2);
  return Number(timeFactor.toFixed(2)) > 1
    ? phrase`${asked} (${saved}GB less, ${timeFactor.toFixed(2)} times the time)`
    : phrase`${asked} (${saved}GB less)`;
}
