import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** All files of the page by their paths; nothing else of the disk is ever served. */
export type PageFiles = Readonly<Record<string, PageFile>>;

/** Reads a page that the build has bundled: the room of a study, or runs. */
export function readPageFiles(page: "studio" | "runs"): PageFiles {
  const read = (name: string): string =>
    readFileSync(fileURLToPath(new URL(`../../dist/page/${name}`, import.meta.url)), "utf8");
  return {
    "/": { type: "text/html; charset=utf-8", text: read(`${page}.html`) },
    [`/${page}.js`]: { type: "text/javascript; charset=utf-8", text: read(`${page}.js`) },
    [`/${page}.css`]: { type: "text/css; charset=utf-8", text: read(`${page}.css`) },
  };
}
