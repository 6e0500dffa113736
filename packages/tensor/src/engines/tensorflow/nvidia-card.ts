import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./cache-folder.js";

/** NVIDIA hardware as the system knows it, without CUDA. */
export interface NvidiaCard {
  /** Names of the cards, where the driver tells. */
  readonly models: readonly string[];
  /** Version of the kernel driver, or null where it is not loaded. */
  readonly driver: string | null;
}

/**
 * The cards that this process may use; null when there is none or `CUDA_VISIBLE_DEVICES` hides them all.
 * @param root of the file system, for tests
 */
export function nvidiaCard(environment: Environment = process.env, root = "/"): NvidiaCard | null {
  const visible = environment["CUDA_VISIBLE_DEVICES"]?.trim();
  if (visible !== undefined && (visible === "" || visible.startsWith("-1"))) return null;
  const folder = join(root, "proc/driver/nvidia/gpus");
  const models = list(folder).flatMap((bus) => {
    const model = /^Model:\s*(.+)$/m.exec(text(join(folder, bus, "information")))?.[1];
    return model === undefined ? [] : [model.trim()];
  });
  const driver =
    /Kernel Module(?: for \S+)?\s+(\d+[.\d]*)/.exec(text(join(root, "proc/driver/nvidia/version")))?.[1] ??
    null;
  // Under Windows' Linux subsystem the card is seen through this device alone.
  const isPresent =
    models.length > 0 ||
    existsSync(join(root, "dev/nvidiactl")) ||
    (existsSync(join(root, "dev/dxg")) && existsSync(join(root, "usr/lib/wsl/lib/libcuda.so.1")));
  return isPresent || onBus(root) ? { models, driver } : null;
}

/** Whether a display device of NVIDIA's is on the bus, driver or not. */
function onBus(root: string): boolean {
  const folder = join(root, "sys/bus/pci/devices");
  return list(folder).some(
    (device) =>
      text(join(folder, device, "vendor")).trim() === "0x10de" &&
      text(join(folder, device, "class")).startsWith("0x03"),
  );
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
