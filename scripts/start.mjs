// The quick start, `npm start`: sets the checkout up, then fine-tunes the example model. Arguments go to the example; its help
// needs no set-up.

import "./require-node.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { runNode } from "./pnpm.mjs";

const words = process.argv.slice(2);
if (!words.includes("--help") && !words.includes("-h")) await bootstrap();
process.exitCode = await runNode("examples/customer-service/run.mjs", words);
