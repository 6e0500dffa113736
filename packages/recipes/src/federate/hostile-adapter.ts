import { cp } from "node:fs/promises";
import { join } from "node:path";
import { CONFIG_FILE, openAdapterFile, seededNoise, WEIGHTS_FILE } from "@lathe/federated";
import { replaceFolder } from "@lathe/files";
import { type TensorToWrite, writeSafetensors } from "@lathe/model";

/** What hostile clients of a simulation send. */
export const attacks = ["flip", "noise", "nan", "rows"] as const;

/** Name of what hostile clients send. */
export type Attack = (typeof attacks)[number];

/** Rows that a hostile client says it has whose attack they are. */
export const CLAIMED_ROWS = 1e9;

/** How many times as long as the honest update a hostile one is. */
const BOOST = 10;

/**
 * Writes what a hostile client sends in place of what it learnt: `flip` the update turned round and ten times as long, `noise` one as
 * long in a random direction, `nan` an adapter without a number in it, `rows` the update turned round, which is no longer than others'.
 *
 * @param start folder that the round began with   @param learnt folder of what the client learnt
 * @returns the folder
 */
export async function hostileAdapter(
  attack: Attack,
  start: string,
  learnt: string,
  { folder, seed, client }: { readonly folder: string; readonly seed: number; readonly client: string },
): Promise<string> {
  const [global, own] = [await openAdapterFile(start), await openAdapterFile(learnt)];
  const normal = seededNoise(seed, `hostile ${client}`);
  try {
    const tensors: TensorToWrite[] = [];
    for (const name of global.names) {
      const [before, after] = [await global.read(name), await own.read(name)];
      const length = Math.sqrt(
        after.reduce((sum, value, i) => sum + (value - before[i]) ** 2, 0) / after.length,
      );
      const of: Readonly<Record<Attack, (value: number, i: number) => number>> = {
        flip: (value, i) => value - BOOST * (after[i] - value),
        noise: (value) => value + BOOST * length * normal(),
        nan: () => Number.NaN,
        rows: (value, i) => value - (after[i] - value),
      };
      const data = before.map(of[attack]);
      tensors.push({ name, dtype: "F32", shape: global.shapeOf(name), data });
    }
    await replaceFolder(folder, async (into) => {
      await writeSafetensors(join(into, WEIGHTS_FILE), tensors, { format: "pt" });
      await cp(join(start, CONFIG_FILE), join(into, CONFIG_FILE));
    });
    return folder;
  } finally {
    await global.close();
    await own.close();
  }
}
