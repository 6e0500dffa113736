// The quick start, `npm start`: sets the checkout up, then fine-tunes the example model. Arguments go to the example.

import "./require-node.mjs";
import { bootstrap } from "./bootstrap.mjs";
import { runNode } from "./pnpm.mjs";

await bootstrap();
process.exitCode = await runNode("examples/customer-service/run.mjs", process.argv.slice(2));
