import { OptionError } from "@lathe/data";
import { MetricOptionError } from "@lathe/eval";
import { FederationSettingsError } from "@lathe/federated";
import { mappedFileFault, SamplingError } from "@lathe/model";
import { LoraConfigError } from "@lathe/peft";
import { PruneError } from "@lathe/quant";
import { lossDefaults, TrainConfigError, trainDefaults } from "@lathe/train";
import { expectation, RecipeError, type RecipeFault } from "./recipe-error.js";

const shown = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));

/** The fault of a recipe's field that an error of a package below is about, or null where it is about none. */
function faultOf(error: unknown): RecipeFault | null {
  if (error instanceof LoraConfigError) {
    return expectation(`lora.${error.key}`, error.expectedPhrase, error.actualPhrase);
  }
  if (error instanceof TrainConfigError) {
    if (error.key.startsWith("lisa")) {
      return expectation(`full.${error.key}`, error.expectedPhrase, shown(error.actual));
    }
    if (["beta", "simpoGamma", "ktoPairing"].includes(error.key)) {
      return expectation(error.key, error.expectedPhrase, shown(error.actual));
    }
    const parts = { train: trainDefaults, loss: lossDefaults };
    const part = Object.entries(parts).find(([, defaults]) => Object.hasOwn(defaults, error.key));
    return part ? expectation(`${part[0]}.${error.key}`, error.expectedPhrase, shown(error.actual)) : null;
  }
  if (error instanceof FederationSettingsError) {
    const field = error.key === "start" ? "initAdapter" : error.key.replace(/^privacy\./, "");
    return expectation(field, error.expectedPhrase, error.actualPhrase);
  }
  if (error instanceof PruneError && error.subject === "sparsity") {
    return expectation("sparsity", error.expectedPhrase, error.actualPhrase);
  }
  if (error instanceof OptionError && error.option.startsWith("cleaning.")) {
    return expectation(error.option, error.expected, shown(error.actual));
  }
  // Other options of `prepare` are fields of the recipe by the same path.
  if (error instanceof OptionError && error.option === "inputs") {
    return expectation("data", error.expectedPhrase, shown(error.actual));
  }
  if (error instanceof SamplingError) {
    return expectation(`generation.${error.option}`, error.expectedPhrase, shown(error.actual));
  }
  if (error instanceof MetricOptionError) {
    const { option } = error;
    const isOwn = option === "metrics" || option.startsWith("judge.");
    const path = isOwn ? option : `metricOptions.${option}`;
    return expectation(path, error.expectedPhrase, shown(error.actual));
  }
  return null;
}

/** An error of a package below as one about the recipe's own field, or about a file that was mapped; any other error as it is. */
export function withField(error: unknown): unknown {
  const fault = faultOf(error);
  return fault === null ? (mappedFileFault(error) ?? error) : new RecipeError([fault], { cause: error });
}

/** The faults of fields that a part of a recipe throws; none where it throws none. */
export function faultsOf(part: () => unknown): RecipeFault[] {
  try {
    part();
    return [];
  } catch (error) {
    if (error instanceof RecipeError) return [...error.faults];
    const fault = faultOf(error);
    if (fault === null) throw error;
    return [fault];
  }
}

/**
 * All faults of settings that a package below checks one after the other: each setting is checked alone, and those that are fine
 * by themselves together.
 * @param resolve throws at the first fault
 */
export function faultsOfSettings<Settings extends object>(
  settings: Settings,
  resolve: (some: Settings) => unknown,
): RecipeFault[] {
  const alone = Object.entries(settings).map(([key, value]) => {
    const setting = { [key]: value as unknown } as Settings;
    return { setting, faults: faultsOf(() => resolve(setting)) };
  });
  const fine = alone.filter(({ faults }) => faults.length === 0).map(({ setting }) => setting);
  const together = faultsOf(() => resolve(Object.assign({}, ...fine) as Settings));
  return [...alone.flatMap(({ faults }) => faults), ...together];
}

/** Runs a part of a recipe; what it throws about an option of its own names the recipe's field. */
export function namingFields<Result>(part: () => Result): Result {
  try {
    return part();
  } catch (error) {
    throw withField(error);
  }
}
