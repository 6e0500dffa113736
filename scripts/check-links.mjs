// Checks the links of every Markdown file of the repository: the file or folder is there, and so is the heading that a
// fragment names. Links to other sites are not followed. Run: npm run test:links

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { readMarkdown } from "./markdown.mjs";
import { root } from "./pnpm.mjs";

/**
 * @param {string} file the Markdown file that holds the link, from the root
 * @param {string} target
 * @returns {string | undefined} what is wrong with the link
 */
function faultOf(file, target) {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return undefined; // a site or an address
  const [path = "", fragment] = target.split("#");
  const folder = path.startsWith("/") ? root : dirname(join(root, file));
  const destination = path === "" ? join(root, file) : resolve(folder, path.replace(/^\//, ""));
  if (relative(root, destination).startsWith("..")) return "leads out of the repository";
  if (!existsSync(destination)) return "no such file";
  if (!fragment || !destination.endsWith(".md")) return undefined;
  const { fragments } = readMarkdown(readFileSync(destination, "utf8"));
  return fragments.has(fragment) ? undefined : `no such heading in ${relative(root, destination)}`;
}

const listed = execFileSync(
  "git",
  ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"],
  {
    cwd: root,
    encoding: "utf8",
  },
);
const files = listed.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));

let links = 0;
let faults = 0;
for (const file of files) {
  for (const { target, line } of readMarkdown(readFileSync(join(root, file), "utf8")).links) {
    links++;
    const fault = faultOf(file, target);
    if (fault === undefined) continue;
    faults++;
    console.error(`${file}:${line}: ${target}: ${fault}`);
  }
}
console.log(`${files.length} Markdown files, ${links} links, ${faults} broken`);
if (faults > 0) process.exitCode = 1;
