import { mapProse } from "./code-fences.js";
import { isMostlyHan } from "./scripts.js";

/** An address ends where white space, a quote, a bracket or a character of another script begins. */
const URL_PATTERN = /(?:https?:\/\/|ftp:\/\/|(?<![\w.@/-])www\.)[\w\-.~:/?#@!$&'*+,;=%[\]()]+/giu;

/** What ends a sentence rather than an address. */
const TRAILING = ".,;:!?'*)]";

/**
 * Step "urls": addresses of the web give way to a text, `[链接]` or `[URL]` by the language of the text unless one is given; code in fences is left
 * alone.
 */
export function replaceUrls(text: string, replacement: string | null): string {
  if (!/:\/\/|www\./i.test(text)) return text;
  const shown = replacement ?? (isMostlyHan(text) ? "[链接]" : "[URL]");
  return mapProse(text, (prose) =>
    prose.replace(URL_PATTERN, (url) => {
      let end = url.length;
      while (end > 0 && TRAILING.includes(url[end - 1])) end -= 1;
      return shown + url.slice(end);
    }),
  );
}
