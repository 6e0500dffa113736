#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { runProgram } from "@lathe/command";
import { program } from "./program.js";

process.exitCode = await runProgram(program, {
  packageName: "@lathe/cli",
  main: fileURLToPath(import.meta.url),
  exit: (code) => process.exit(code),
});
