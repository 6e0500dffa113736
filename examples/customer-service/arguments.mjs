// What follows `npm start --`: `--output`, and options of `lathe train`, by the schema that the verb prints of them.

import { messages } from "./messages.mjs";

/** Options of training that the quick start itself gives. */
const own = ["model", "data", "validation", "overwrite", "resume"];
/** Options of every verb that only matter on the command line. */
const everywhere = { config: { type: "string" }, language: { type: "string" } };

/** A command line that cannot be followed; the message is for people. */
export class ArgumentError extends Error {
  code = 2;
}

const kebab = (key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * @param words what follows `npm start --`
 * @param properties of the JSON Schema that `lathe train --print-schema` prints
 * @returns the folder for the output, undefined where none is given, and the words for `lathe train`
 * @throws ArgumentError at the first word that neither knows
 */
export function readArguments(words, properties) {
  const flags = new Map([["output", true]]);
  for (const [key, { type }] of Object.entries({ ...properties, ...everywhere })) {
    if (type === "boolean") flags.set(`no-${kebab(key)}`, false);
    flags.set(kebab(key), type !== "boolean");
  }
  let output;
  const trainFlags = [];
  for (let at = 0; at < words.length; at++) {
    const [, flag, joined] = /^--([^=]+)(?:=(.*))?$/s.exec(words[at]) ?? [];
    if (flag === undefined) throw new ArgumentError(messages.strayWord(words[at]));
    if (!flags.has(flag)) throw new ArgumentError(messages.unknownFlag(`--${flag}`));
    if (own.includes(flag.replace(/^no-/, ""))) throw new ArgumentError(messages.ownFlag(`--${flag}`));
    const takesValue = flags.get(flag);
    const value = takesValue ? (joined ?? words[++at]) : joined;
    if (takesValue && value === undefined) throw new ArgumentError(messages.noValue(`--${flag}`));
    if (flag === "output") output = value;
    else trainFlags.push(`--${flag}`, ...(value === undefined ? [] : [value]));
  }
  return { output, trainFlags };
}
