// Bundles the pages into dist/page, with everything they need: what runs in the browser asks no other server for anything. The
// licences of what is bundled go beside them. Run by the build of the package.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const folder = fileURLToPath(new URL("../", import.meta.url));
const source = join(folder, "src/page");
const output = join(folder, "dist/page");
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const packageFolder = (/** @type {string} */ name) =>
  dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
const text = (/** @type {string[]} */ ...path) => readFileSync(join(...path), "utf8");

for (const [page, input] of Object.entries({ studio: "main.tsx", runs: "live/main.tsx" })) {
  const bundle = await rolldown({
    input: join(source, input),
    platform: "browser",
    tsconfig: join(folder, "tsconfig.json"),
  });
  await bundle.write({ file: join(output, `${page}.js`), format: "iife", minify: true });
  await bundle.close();
  copyFileSync(join(source, `${page}.html`), join(output, `${page}.html`));
}
copyFileSync(join(source, "studio.css"), join(output, "studio.css"));
const plots = text(packageFolder("uplot"), "dist/uPlot.min.css");
writeFileSync(
  join(output, "runs.css"),
  [plots, text(source, "studio.css"), text(source, "runs.css")].join("\n"),
);

const licences = [
  ["studio.js and runs.js contain preact:", text(packageFolder("preact"), "LICENSE")],
  ["runs.js and runs.css contain uPlot:", text(packageFolder("uplot"), "LICENSE")],
];
writeFileSync(
  join(output, "LICENSES.txt"),
  licences.map(([title, licence]) => `${title}\n\n${licence}`).join("\n\n"),
);
