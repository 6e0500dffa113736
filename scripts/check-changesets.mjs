// Checks the pending release notes in .changeset/: each is well formed, names packages that exist, and the family gets
// one common version. Works without git history. Run: npm run test:changesets

import getReleasePlan from "@changesets/get-release-plan";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { workspaceFolders } from "./bootstrap.mjs";
import { root } from "./pnpm.mjs";

const plan = await getReleasePlan(root);
const published = workspaceFolders()
  .map((folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")))
  .filter((manifest) => !manifest.private);

/** @type {Map<string, string>} version after the release, by package */
const versions = new Map(published.map(({ name, version }) => [name, version]));
for (const { name, newVersion } of plan.releases) if (versions.has(name)) versions.set(name, newVersion);

const distinct = new Set(versions.values());
if (distinct.size > 1) {
  console.error(
    "The packages of the family would get different versions; see `fixed` in .changeset/config.json:",
  );
  for (const [name, version] of versions) console.error(`  ${name} ${version}`);
  process.exitCode = 1;
} else {
  const notes = plan.changesets.length;
  console.log(
    `${notes} pending ${notes === 1 ? "note" : "notes"}: ${versions.size} packages at version ${[...distinct].join()} after the next release`,
  );
}
for (const { id, summary } of plan.changesets) {
  if (summary.trim() === "") {
    console.error(`.changeset/${id}.md has no text: write what the users of the packages will notice.`);
    process.exitCode = 1;
  }
}
