// `pnpm bench`: installs and builds what is missing in a fresh clone, then measures.

import { existsSync } from "node:fs";
import { URL } from "node:url";

const entry = new URL("dist/main.js", import.meta.url);
if (!existsSync(entry)) {
  const { bootstrap } = await import("../../scripts/bootstrap.mjs");
  await bootstrap();
}
await import(entry.href);
