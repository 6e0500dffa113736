import { describe, expect, it } from "vitest";
import { whileServing } from "./while-serving.js";

/** What happened, in its order, and the means to interrupt. */
function scene() {
  const happened: string[] = [];
  const interrupt = new AbortController();
  const say = (): void => void happened.push("said");
  const stop = async (): Promise<void> => void happened.push("stopped");
  return { happened, interrupt, say, stop };
}

describe("whileServing", () => {
  it("waits for the interrupt once it has said where the server is", async () => {
    const { happened, interrupt, say, stop } = scene();
    const ended = whileServing(interrupt.signal, say, stop);
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual(["said"]);
    interrupt.abort();
    await ended;
    expect(happened).toEqual(["said", "stopped"]);
  });

  it("waits for none that came before", async () => {
    const { happened, interrupt, say, stop } = scene();
    interrupt.abort();
    await whileServing(interrupt.signal, say, stop);
    expect(happened).toEqual(["said", "stopped"]);
  });

  it("stops the server where it cannot be told of", async () => {
    const { happened, interrupt, stop } = scene();
    const say = () => Promise.reject(new Error("no terminal"));
    await expect(whileServing(interrupt.signal, say, stop)).rejects.toThrow("no terminal");
    expect(happened).toEqual(["stopped"]);
  });
});
