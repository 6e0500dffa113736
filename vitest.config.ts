import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["@lathe/source", "module", "node", "development|production"] } },
  resolve: { conditions: ["@lathe/source"] },
  test: {
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
    testTimeout: 60_000,
    pool: "forks",
    // Vitest leaves a processor free, of two the half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
