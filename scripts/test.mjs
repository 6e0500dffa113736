// `npm test`: sets the checkout up, then runs every test. Arguments go to vitest: npm test -- packages/eval

import "./require-node.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { runNode } from "./pnpm.mjs";

await bootstrap();
process.exitCode = await runNode("node_modules/vitest/vitest.mjs", ["run", ...process.argv.slice(2)]);
