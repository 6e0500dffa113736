import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nvidiaCard } from "./nvidia-card.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lathe-card-"));
});
afterEach(() => rm(root, { recursive: true }));

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

it("finds none where the system shows none", () => {
  expect(nvidiaCard({}, root)).toBeNull();
});

it("reads models and driver, and heeds what hides cards from a process", async () => {
  await file(
    "proc/driver/nvidia/gpus/0000:01:00.0/information",
    "Model: \t\t NVIDIA GeForce RTX 3060\nIRQ: 90\n",
  );
  await file(
    "proc/driver/nvidia/version",
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31\n",
  );
  expect(nvidiaCard({}, root)).toEqual({ models: ["NVIDIA GeForce RTX 3060"], driver: "550.90.07" });
  expect(nvidiaCard({ CUDA_VISIBLE_DEVICES: "0" }, root)).not.toBeNull();
  expect(nvidiaCard({ CUDA_VISIBLE_DEVICES: "" }, root)).toBeNull();
  expect(nvidiaCard({ CUDA_VISIBLE_DEVICES: "-1" }, root)).toBeNull();
});

it("finds a card whose driver is not loaded, but no other maker's and no other device of the maker", async () => {
  await file("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
  await file("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n");
  await file("sys/bus/pci/devices/0000:01:00.1/vendor", "0x10de\n");
  await file("sys/bus/pci/devices/0000:01:00.1/class", "0x040300\n");
  expect(nvidiaCard({}, root)).toBeNull();
  await file("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
  await file("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n");
  expect(nvidiaCard({}, root)).toEqual({ models: [], driver: null });
});
