import { activities, type ActivitySamples } from "@lathe/kernels";
import { expect, it } from "vitest";
import { profileTable } from "./step-profile.js";

it("shows where the time of two threads went, largest first, and the system's share apart", () => {
  const none = Object.fromEntries(activities.map((activity) => [activity, 0]));
  const samples = {
    ...none,
    threads: 2,
    product: 600,
    outside: 100,
    waiting: 300,
  } as unknown as ActivitySamples;
  const table = profileTable({ seconds: 4, steps: 2, samples, systemSeconds: 0.4, pageFaults: 2000 });
  expect(table.rows).toEqual([
    ["products with weights", "60.0 %", "1200.0"],
    ["waiting", "30.0 %", "600.0"],
    ["JavaScript and the runtime", "10.0 %", "200.0"],
    ["in these: the system (1000 pages touched anew a step)", "5.0 %", "100.0"],
  ]);
});
