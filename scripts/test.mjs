// `npm test`: sets the checkout up, then runs every test. Arguments go to vitest: npm test -- packages/eval

import { requireNode } from "./require-node.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { runNode } from "./pnpm.mjs";

requireNode("The test runner", 20, 19);
await bootstrap();
process.exitCode = await runNode("node_modules/vitest/vitest.mjs", ["run", ...process.argv.slice(2)]);
