import { asPhrase, sayPhrase } from "@lathe/files";
import { listEngines } from "@lathe/tensor";
import { expect, it } from "vitest";
import { soakSteps } from "./soak-steps.js";

const names = ["wasm", "tensorflow"];
const probed = await Promise.all(
  names.map(
    async (name) =>
      [
        name,
        await listEngines()
          .find((engine) => engine.name === name)!
          .probe(),
      ] as const,
  ),
);

for (const [engine, reason] of probed) {
  it.skipIf(reason !== null)(
    `leaves nothing behind on ${engine}${reason === null ? "" : ` (skipped: ${sayPhrase(asPhrase(reason))})`}`,
    async () => {
      const outcome = await soakSteps({
        ...({ engine, precision: "fp32", size: "mini", base: "int8", steps: 12, tokens: 6 } as const),
      });
      expect(outcome).toMatchObject({ growth: 0, tensorsLeft: 0, skippedSteps: 0 });
      expect(outcome.keptHandles ?? 0).toBe(0);
      expect(outcome.last.step).toBe(12);
      expect(outcome.heldGrowth).toBeNull();
    },
    120_000,
  );
}
