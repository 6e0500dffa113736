import { describe, expect, it } from "vitest";
import { findPython, lastLine } from "./python.js";

describe("findPython", () => {
  it("says in one sentence why there is no peer", async () => {
    const missing = await findPython("lathe-no-such-python");
    expect(missing).toEqual({
      reason:
        "No peer is measured: lathe-no-such-python cannot be run (ENOENT); name a Python with torch, transformers and peft by --python or LATHE_PYTHON.",
    });
  });

  it("gives the last line of what a program without the modules says", async () => {
    // Node refuses the -c of Python, as any other program would.
    const refused = await findPython(process.execPath);
    expect("reason" in refused && refused.reason).toMatch(
      /^No peer is measured: .+ says ".*"; name a Python/,
    );
  });
});

describe("lastLine", () => {
  it("skips empty lines at the end", () => {
    expect(lastLine("a\n  b  \n\n")).toBe("b");
    expect(lastLine("")).toBe("");
  });
});
