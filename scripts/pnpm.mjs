// Runs the pnpm that `packageManager` in package.json pins, through npx: a machine needs nothing but Node and npm.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** npm's settings about how a registry is reached, which hold for pnpm too. */
const networkSettings = [
  "registry",
  "https_proxy",
  "proxy",
  "noproxy",
  "cafile",
  "ca",
  "cert",
  "key",
  "strict_ssl",
];

/**
 * The environment for a package manager started inside an npm script. npm hands all its settings down as npm_config_*
 * variables: a nested npm warns about the ones it does not know, and pnpm reads none of them. What concerns the
 * registry is kept for npm and repeated for pnpm; files such as .npmrc are read by both and need no help.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {NodeJS.ProcessEnv}
 */
export function packageManagerEnvironment(environment) {
  /** @type {NodeJS.ProcessEnv} */
  const kept = {};
  for (const [name, value] of Object.entries(environment)) {
    const setting = /^npm_config_(.*)$/i.exec(name)?.[1];
    if (setting === undefined) {
      if (!/^npm_(package|lifecycle|command|execpath|node_execpath)/i.test(name)) kept[name] = value;
      continue;
    }
    const key = setting.toLowerCase().replaceAll("-", "_");
    const isNetwork = networkSettings.includes(key);
    if (value && isNetwork) kept[`pnpm_config_${key}`] ??= value;
    // A key with a colon belongs to one registry: `//host/:_authToken`, `@scope:registry`.
    if (value && (isNetwork || key.includes(":") || ["userconfig", "globalconfig", "cache"].includes(key))) {
      kept[name] = value;
    }
  }
  return {
    ...kept,
    npm_config_loglevel: "error", // npm warns about settings in files, too
    npm_config_update_notifier: "false",
    pnpm_config_update_notifier: "false",
    pnpm_config_verify_deps_before_run: "false",
    // Without a terminal pnpm would stop to ask before it replaces the node_modules of another package manager.
    pnpm_config_confirm_modules_purge: "false",
    // Nothing is measured or fetched by the task runner either.
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    DO_NOT_TRACK: "1",
  };
}

/** @returns {string} for example "pnpm@12.21.0" */
export function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(packageManager).replace(/\+.*$/, ""); // a hash may follow the version; npx does not know it
}

/**
 * Starts npm or npx, in the repository unless `options` say otherwise.
 *
 * @param {"npm" | "npx"} tool
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
export function spawnNpm(tool, args, options = {}) {
  const settings = { cwd: root, env: packageManagerEnvironment(process.env), ...options };
  if (process.platform !== "win32") return spawn(tool, args, settings);
  // Both are .cmd files there, which only a shell starts.
  const words = args.map((word) => (/\s/.test(word) ? `"${word}"` : word));
  return spawn([tool, ...words].join(" "), { ...settings, shell: true });
}

/**
 * Starts `pnpm …args` in the repository.
 *
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
export const spawnPnpm = (args, options) => spawnNpm("npx", ["--yes", pinnedPnpm(), ...args], options);

/**
 * Waits for a child that shares this process's streams. Signals are handed on, so that the child can finish what it is
 * doing; an interrupt typed at a terminal reaches the child by itself.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number>} its exit code; 128 + n when signal n ended it, as shells count
 */
export function exitCode(child) {
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    if (signal !== "SIGINT" || ![0, 1, 2].some((stream) => isatty(stream))) child.kill(signal);
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  }).finally(() => {
    for (const signal of signals) process.off(signal, forward);
  });
}

/**
 * Waits for a child started with pipes and collects what it prints.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<{ code: number, stdout: string, output: string }>} `output` holds both streams as they came
 */
export async function collect(child) {
  let stdout = "";
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    stdout += text;
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (/** @type {string} */ text) => (output += text));
  /** @type {number} */
  const code = await new Promise((resolve) => {
    child.once("error", (error) => {
      output += `${error.message}\n`;
      resolve(127);
    });
    child.once("close", (exit) => resolve(exit ?? 1));
  });
  return { code, stdout, output };
}

/**
 * Runs a script of this repository, or of a package in node_modules, with this Node and this terminal.
 *
 * @param {string} script path from the root of the repository
 * @param {readonly string[]} args
 */
export function runNode(script, args) {
  return exitCode(
    spawn(process.execPath, [script, ...args], {
      cwd: root,
      stdio: "inherit",
      env: packageManagerEnvironment(process.env),
    }),
  );
}
