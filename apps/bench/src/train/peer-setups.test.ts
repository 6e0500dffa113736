import { describe, expect, it } from "vitest";
import { defaultPeerSetups, parsePeerSetup } from "./peer-setups.js";

describe("parsePeerSetup", () => {
  it("reads every default", () => {
    for (const name of defaultPeerSetups("block")) expect(parsePeerSetup(name)).toMatchObject({ name });
    expect(parsePeerSetup("bf16-compiled-checkpointed")).toMatchObject({
      dtype: "bf16",
      compile: true,
      checkpointing: true,
    });
  });

  it.each(["", "fp16", "bf16-", "bf16-checkpointed-compiled", "fp32 "])("refuses %j", (name) => {
    expect(parsePeerSetup(name)).toBeNull();
  });
});
