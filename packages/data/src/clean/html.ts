import { Parser } from "htmlparser2";
import { mapProse } from "./code-fences.js";

/** Elements that stand on lines of their own: what precedes and what follows them is not one word. */
const BLOCKS = new Set(
  "address article aside blockquote br caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section summary table tbody tfoot thead tr ul".split(
    " ",
  ),
);

/** Elements whose content is not read by anyone. */
const UNREAD = new Set(["head", "noscript", "script", "style", "template"]);

const INLINE = new Set(
  "a abbr acronym audio b bdi bdo big body button canvas cite code col colgroup data del dfn em embed font html i iframe img input ins kbd label link map mark meta meter object optgroup option output param picture progress q s samp select small source span strike strong sub sup svg td textarea th time tt u var video wbr".split(
    " ",
  ),
);

/** What only HTML has; most texts have none of it and are not parsed. */
const SUSPECT = /<[/!a-z]|&#?[a-z0-9]{1,32};/i;

/**
 * Step "html": elements of HTML give way to the text in them, blocks and line breaks to line feeds, entities to their characters; scripts,
 * styles and comments go. What looks like a tag and is none of HTML stays, such as `<think>`; so does fenced code.
 */
export function removeHtml(text: string): string {
  return SUSPECT.test(text) ? mapProse(text, textOf) : text;
}

/** A tag as HTML writes it; `<b && c>` is none, though browsers take it for one. */
const TAG = /^<\/?[a-z][a-z0-9]*(?:\s+[\w:@.-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*\/?>$/i;

function textOf(html: string): string {
  if (!SUSPECT.test(html)) return html;
  let text = "";
  let unread = 0; // depth of elements whose content is passed over
  let end = 0; // of what the parser has told of
  const isHtml = (name: string): boolean => BLOCKS.has(name) || INLINE.has(name) || UNREAD.has(name);
  /** What the parser has just told of, as it was written. */
  const source = (): string => {
    end = parser.endIndex + 1;
    return html.slice(parser.startIndex, end);
  };
  const add = (more: string): void => {
    if (unread === 0) text += more;
  };
  const breakLine = (): void => {
    if (text !== "" && !text.endsWith("\n")) add("\n");
  };
  const parser: Parser = new Parser(
    {
      ontext(data) {
        source();
        add(data);
      },
      onopentag(name) {
        const tag = source();
        if (!isHtml(name) || !TAG.test(tag)) add(tag);
        else if (UNREAD.has(name)) unread += 1;
        else if (BLOCKS.has(name)) breakLine();
      },
      onclosetag(name, implied) {
        if (implied) {
          if (UNREAD.has(name)) unread = Math.max(0, unread - 1);
          return;
        }
        const tag = source();
        if (UNREAD.has(name)) unread = Math.max(0, unread - 1);
        else if (!isHtml(name)) add(tag);
        else if (BLOCKS.has(name)) breakLine();
      },
      oncomment: () => void source(),
      onprocessinginstruction(_name, data) {
        const instruction = source();
        if (!/^!doctype\b/i.test(data)) add(instruction);
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  parser.end(html);
  // A tag that is never closed is none: "a <b and so on".
  add(html.slice(end));
  return text;
}
