// Reads Markdown the way GitHub shows it: links, headings and code blocks with their lines.

import GithubSlugger from "github-slugger";
import MarkdownIt from "markdown-it";

/** @typedef {{ target: string, line: number }} Link */
/** @typedef {{ language: string, text: string, line: number }} CodeBlock */

const parser = new MarkdownIt({ html: true });

/**
 * @param {string} text
 * @returns {{ links: Link[], fragments: Set<string>, blocks: CodeBlock[] }} links and images; what `#fragment` may name;
 *   fenced code with the first word after the fence. Lines count from 1.
 */
export function readMarkdown(text) {
  const slugger = new GithubSlugger();
  /** @type {Link[]} */
  const links = [];
  /** @type {Set<string>} */
  const fragments = new Set();
  /** @type {CodeBlock[]} */
  const blocks = [];
  /** @type {string | undefined} */
  let heading;
  let line = 1;

  /** @param {import("markdown-it").Token[]} tokens */
  const visit = (tokens) => {
    for (const token of tokens) {
      if (token.map) line = token.map[0] + 1;
      const target = token.attrGet("href") ?? token.attrGet("src");
      if (target !== null) links.push({ target: decodeURI(target), line });
      if (token.type.startsWith("html_")) {
        for (const [, , value = ""] of token.content.matchAll(/\s(href|src)="([^"]*)"/g))
          links.push({ target: value, line });
        for (const [, , value = ""] of token.content.matchAll(/\s(id|name)="([^"]*)"/g)) fragments.add(value);
      }
      if (token.type === "fence") {
        blocks.push({ language: token.info.trim().split(/\s+/)[0] ?? "", text: token.content, line });
      }
      if (token.type === "heading_open") heading = "";
      if (heading !== undefined && ["text", "code_inline"].includes(token.type)) heading += token.content;
      if (token.children) visit(token.children);
      if (token.type === "heading_close" && heading !== undefined) {
        fragments.add(slugger.slug(heading));
        heading = undefined;
      }
    }
  };
  visit(parser.parse(text, {}));
  return { links, fragments, blocks };
}
