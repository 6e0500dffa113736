import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where Linux tells the energy that processors have taken (the RAPL counters). */
const POWER_ZONES = "/sys/class/powercap";

/** The counter of a processor package: microjoules, from 0 again beyond the largest. */
interface Zone {
  readonly counter: string;
  readonly range: number;
  last: number;
}

const numberIn = (file: string): number => Number(readFileSync(file, "utf8").trim());

/**
 * The energy that the machine's processors take, whoever uses them. Most systems let only root read the counters; nothing is
 * told where they cannot be read.
 */
export class EnergyMeter {
  readonly #zones: Zone[] = [];
  #microjoules = 0;

  /** Begins to measure. */
  constructor(folder: string = POWER_ZONES) {
    try {
      // Zones with a second number are parts of the package's, which is in the first.
      for (const name of readdirSync(folder).filter((entry) => /^intel-rapl:\d+$/.test(entry))) {
        const counter = join(folder, name, "energy_uj");
        const range = numberIn(join(folder, name, "max_energy_range_uj"));
        this.#zones.push({ counter, range, last: numberIn(counter) });
      }
    } catch {
      // Not there, or not for this user: the machine does not tell.
      this.#zones.length = 0;
    }
  }

  /** Takes what was used since the last time; to be called before a counter can have gone round, which takes many minutes. */
  read(): void {
    for (const zone of this.#zones) {
      const now = numberIn(zone.counter);
      this.#microjoules += now < zone.last ? now + zone.range - zone.last : now - zone.last;
      zone.last = now;
    }
  }

  /** Joules since the beginning; null where the machine does not tell. */
  get joules(): number | null {
    return this.#zones.length === 0 ? null : this.#microjoules / 1e6;
  }
}
