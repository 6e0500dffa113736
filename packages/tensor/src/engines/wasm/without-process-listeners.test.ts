import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../..", import.meta.url));

/** Runs a caller's program with the built package in a process of its own: only there does an error end it as Node decides. */
function run(program: string): { status: number | null; stdout: string; stderr: string } {
  const source = `import { startEngine } from "@lathe/tensor";\n${program}`;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: folder,
    encoding: "utf8",
  });
}

describe("after wasm has started", () => {
  it.each([
    ["an error", "setTimeout(function ofCaller() { throw new TypeError('the own one'); })"],
    ["an unhandled rejection", "(async function ofCaller() { throw new TypeError('the own one'); })()"],
  ])("%s of the caller's ends the process as Node does, with its own stack", (_name, failure) => {
    const { status, stderr } = run(`await startEngine("wasm");\n${failure};\nsetTimeout(() => {}, 1000);`);
    expect(status, stderr).toBe(1);
    expect(stderr).toContain("TypeError: the own one");
    expect(stderr).toMatch(/at .*\bofCaller\b/);
    expect(stderr).not.toMatch(/tfjs-backend-wasm|abort/i);
  });

  it("the caller's own listeners stay, whether added before, meanwhile or after", () => {
    const { status, stdout, stderr } = run(`
      const listen = (name) => process.on("uncaughtException", () => console.log(name));
      listen("before");
      const starting = startEngine("wasm");
      listen("meanwhile");
      await starting;
      listen("after");
      setTimeout(() => { throw new Error("heard"); });
    `);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe("before\nmeanwhile\nafter\n");
  });

  it("nothing is left on the process", () => {
    const { stdout, stderr } = run(`
      await startEngine("wasm");
      const events = ["uncaughtException", "unhandledRejection"];
      console.log(events.map((event) => process.listenerCount(event)).join());
    `);
    expect(stdout, stderr).toBe("0,0\n");
  });
});
