import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EnergyMeter } from "./energy-meter.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "energy-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function zone(name: string, microjoules: number, range = 1000): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, "energy_uj"), `${microjoules}\n`);
  await writeFile(join(folder, name, "max_energy_range_uj"), `${range}\n`);
}

it("adds up packages, also where a counter begins anew, and no part of a package twice", async () => {
  await zone("intel-rapl:0", 900);
  await zone("intel-rapl:1", 5);
  await zone("intel-rapl:0:0", 1);
  const meter = new EnergyMeter(folder);
  expect(meter.joules).toBe(0);
  await zone("intel-rapl:0", 950);
  await zone("intel-rapl:0:0", 800);
  meter.read();
  await zone("intel-rapl:0", 30);
  await zone("intel-rapl:1", 7);
  meter.read();
  expect(meter.joules).toBeCloseTo((50 + 80 + 2) / 1e6, 12);
});

it("tells nothing where there is no counter, or none that can be read", async () => {
  expect(new EnergyMeter(join(folder, "absent")).joules).toBeNull();
  await mkdir(join(folder, "intel-rapl:0"));
  const meter = new EnergyMeter(folder);
  meter.read();
  expect(meter.joules).toBeNull();
});
