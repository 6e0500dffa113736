import { type OnWarning, phrase } from "@lathe/files";
import type { LinearPlace } from "@lathe/model";
import type { AdaptableModel } from "./adaptable-model.js";
import {
  activeAdapters,
  adaptedPlaces,
  adapterConfig,
  adapterNames,
  DEFAULT_ADAPTER,
  requireUnmerged,
} from "./adapted-model.js";
import { AdapterStateError, LoraConfigError, quote } from "./errors.js";
import { initialMatrix } from "./initial-matrix.js";
import { type LoraConfig, type LoraInit, resolveLoraConfig } from "./lora-config.js";
import { LoraLinear, type RowAdapters } from "./lora-linear.js";
import type { HostMatrices } from "./merged-weight.js";
import { type Factors, principalFactors } from "./principal-factors.js";
import { SavedModules } from "./saved-modules.js";
import { type LoraTarget, type SelectedTargets, selectTargets } from "./select-targets.js";
import { wholeTensors } from "./whole-tensors.js";

/** How {@link attach} names an adapter. */
export interface AttachOptions {
  /** @defaultValue "default" */
  readonly name?: string;
  /** What the matrices begin with where `init` is `loftq`; null for a linear that begins as with `kaiming`. */
  readonly factorsOf?: (target: LoraTarget) => Factors | null;
  /** Parts of the config that have no effect in this model. */
  readonly onWarning?: OnWarning;
}

/** The places of a model's linears, adapted or not. */
export function placesOf(model: AdaptableModel): LinearPlace[] {
  return model
    .linears()
    .map(({ linear, ...place }) => ({ ...place, shape: linear.share?.whole ?? linear.shape }));
}

/**
 * Puts a fresh LoRA adapter on a model and makes it the only active one. The model's results stay the same until training, unless
 * the matrices begin with what was lost in packing.
 *
 * @param options see {@link LoraConfig}; what is left out is taken from {@link loraDefaults}
 * @returns the config in full, with roles written out as names
 * @throws LoraConfigError on a bad value, or when no linear is picked
 * @throws AdapterStateError if the name is taken or the model is merged
 */
export function attach(
  model: AdaptableModel,
  options: Partial<LoraConfig> = {},
  { name = DEFAULT_ADAPTER, factorsOf, onWarning }: AttachOptions = {},
): LoraConfig {
  requireFree(model, name);
  const selected = selectTargets(placesOf(model), resolveLoraConfig(options), onWarning);
  const { seed, init } = selected.config;
  const linears = new Map(model.linears().map(({ path, linear }) => [path, linear]));
  const drawn = ({ path, rank, shape: [outFeatures, inFeatures] }: LoraTarget): Factors => ({
    a: initialMatrix(rank, inFeatures, seed, path),
    b: new Float32Array(outFeatures * rank),
  });
  /** The scale is a part of the update, which is to be the principal components themselves. */
  const principal = ({ path, rank, shape, scale }: LoraTarget): Factors => {
    const { a, b } = principalFactors(linears.get(path)!.denseWeight(), shape, rank, seed, path);
    const root = Math.sqrt(scale);
    return { a: a.map((value) => value / root), b: b.map((value) => value / root) };
  };
  if (init === "loftq" && !factorsOf) {
    throw new LoraConfigError("init", "kaiming or pissa, where no initial matrices are given", quote(init));
  }
  const begun: Readonly<Record<LoraInit, (target: LoraTarget) => Factors>> = {
    kaiming: drawn,
    pissa: principal,
    loftq: (target) => factorsOf!(target) ?? drawn(target),
  };
  install(model, name, selected, { matrices: (target) => ({ ...begun[init](target), magnitude: null }) });
  if (onWarning) warnOfNothing(model, name, selected, onWarning);
  return selected.config;
}

/** Tells of what is asked for and is not there: zeros to keep, biases to train. */
function warnOfNothing(
  model: AdaptableModel,
  name: string,
  selected: SelectedTargets,
  onWarning: OnWarning,
): void {
  const { bias, keepSparsity } = selected.config;
  const hasZeros = (): boolean =>
    adaptedPlaces(model).some(({ adapted }) => (adapted.adapters.get(name)?.zeros?.count() ?? 0) > 0);
  if (keepSparsity && !hasZeros()) {
    onWarning(
      phrase`LoRA config, key ${quote("keepSparsity")}: no adapted weight is zero, so there is nothing to keep, and steps take longer for it; leave it out, or prune the model first`,
    );
  }
  if (bias !== "none" && !wholeTensors(model.config, selected).some(({ kind }) => kind === "bias")) {
    onWarning(
      phrase`LoRA config, key ${quote("bias")}: ${quote(bias)} trains nothing more, as no linear that it means has a bias`,
    );
  }
}

/** @throws AdapterStateError if an adapter of this name cannot be attached */
export function requireFree(model: AdaptableModel, name: string): void {
  requireUnmerged(model, "attach");
  if (name === "") throw new AdapterStateError(name, "expected a name for the adapter, got an empty one");
  if (adapterNames(model).includes(name)) {
    throw new AdapterStateError(
      name,
      phrase`the model has an adapter named ${name} already; detach it or choose another name`,
    );
  }
}

/** What an adapter begins with. */
export interface InitialValues {
  readonly matrices: (target: LoraTarget) => HostMatrices;
  /** Tensors that are trained as a whole, by their names in PEFT's files; the base's own without. */
  readonly whole?: ReadonlyMap<string, Float32Array>;
}

/** Wraps the targets as needed, adds the adapter's matrices, biases and modules, and makes it the only active one. */
export function install(
  model: AdaptableModel,
  name: string,
  selected: SelectedTargets,
  values: InitialValues,
): void {
  const { config, targets } = selected;
  const whole = wholeTensors(model.config, selected);
  let saved: SavedModules | null = null;
  const before = activeAdapters(model);
  try {
    // Of the base itself: the copies of another adapter are not what is copied.
    setActive(model, []);
    const modules = whole.filter(({ kind }) => kind === "module");
    if (modules.length > 0) saved = new SavedModules(model, modules, values.whole ?? null);
    const linears = new Map(model.linears().map(({ path, linear }) => [path, linear]));
    for (const target of targets) {
      const { path, rank, scale } = target;
      const present = linears.get(path)!;
      const adapted = present instanceof LoraLinear ? present : new LoraLinear(present, path);
      if (adapted !== present) model.replaceLinear(path, adapted);
      adapted.add(name, config, { rank, scale, dropout: config.dropout }, values.matrices(target), {
        saved,
        isSubtracted: config.init === "pissa",
      });
    }
    for (const { module, storedName } of whole.filter(({ kind }) => kind === "bias")) {
      const present = model.linears().find(({ path }) => path === module)!.linear;
      const adapted = present instanceof LoraLinear ? present : new LoraLinear(present, module);
      if (adapted !== present) model.replaceLinear(module, adapted);
      adapted.trainBias(name, values.whole?.get(storedName) ?? null);
    }
    setActive(model, name);
  } catch (error) {
    const isKnown = savedModules(model, name) === saved;
    remove(model, name);
    if (!isKnown) saved?.remove();
    setActive(model, before);
    throw error;
  }
}

/**
 * Takes an adapter off a model and frees its matrices. Linears that no adapter is left on are what they were before.
 * @throws AdapterStateError if the model has no such adapter or is merged
 */
export function detach(model: AdaptableModel, name: string = DEFAULT_ADAPTER): void {
  requireUnmerged(model, "detach");
  adapterConfig(model, name);
  remove(model, name);
}

function remove(model: AdaptableModel, name: string): void {
  savedModules(model, name)?.remove();
  for (const { path, adapted } of adaptedPlaces(model)) {
    adapted.remove(name);
    if (adapted.adapters.size > 0 || adapted.bias) continue;
    model.replaceLinear(path, adapted.base);
    adapted.disposeAdapters();
  }
}

/**
 * Chooses the adapters in force, in the order in which they apply; none gives the base model's results.
 * @throws AdapterStateError if the model has no such adapter or is merged
 */
export function setActive(model: AdaptableModel, names: string | readonly string[]): void {
  requireUnmerged(model, "setActive");
  const list = [...new Set(typeof names === "string" ? [names] : names)];
  for (const name of list) adapterConfig(model, name);
  const saved = list.filter((name) => savedModules(model, name) !== null);
  if (saved.length > 1) {
    throw new AdapterStateError(
      saved[1],
      phrase`the adapters ${saved.join(" and ")} both have modules of their own (modules_to_save): make one of them active`,
    );
  }
  // What was in force goes first: two adapters may have the same module.
  for (const name of adapterNames(model)) {
    const modules = savedModules(model, name);
    if (modules && !list.includes(name)) modules.isActive = false;
  }
  for (const name of saved) savedModules(model, name)!.isActive = true;
  for (const { adapted } of adaptedPlaces(model)) adapted.active = list;
  model.revise();
}

/**
 * Whether an adapter can be in force for some rows of a pass alone: one that trains whole modules or biases is in force for all
 * of them or none.
 * @throws AdapterStateError if the model has no such adapter
 */
export function canShareRows(model: AdaptableModel, name: string): boolean {
  adapterConfig(model, name);
  const places = adaptedPlaces(model);
  return savedModules(model, name) === null && places.every(({ adapted }) => adapted.bias?.adapter !== name);
}

/**
 * Chooses the adapters in force for each row of the passes to come, until they are chosen anew: texts under several adapters
 * go through the base together. Such passes are not recorded.
 *
 * @param rows ranges that follow one another and cover all rows of the passes
 * @throws AdapterStateError if the model has no such adapter, is merged, or an adapter cannot share rows; see
 * {@link canShareRows}
 */
export function setActiveRows(model: AdaptableModel, rows: readonly RowAdapters[]): void {
  const names = [...new Set(rows.flatMap((range) => range.names))];
  const whole = names.find((name) => !canShareRows(model, name));
  if (whole !== undefined) {
    throw new AdapterStateError(
      whole,
      phrase`the adapter ${whole} trains whole modules or biases, which cannot be in force for some rows alone`,
    );
  }
  setActive(model, []);
  if (names.length === 0) return;
  for (const { adapted } of adaptedPlaces(model)) adapted.rows = rows;
}

/** The modules that an adapter trains as a whole, or null where it has none. */
function savedModules(model: AdaptableModel, name: string): SavedModules | null {
  const place = adaptedPlaces(model).find(({ adapted }) => adapted.adapters.has(name));
  return place?.adapted.adapters.get(name)?.saved ?? null;
}
