import { asPhrase, type OnWarning, phrase, type Phrase } from "@lathe/files";
import type { LinearPlace } from "@lathe/model";
import { LoraConfigError, quote } from "./errors.js";
import { isTargetRole, layerNumbers, type LoraConfig, targetRoles } from "./lora-config.js";
import { compilePattern, firstMatch, matchModules } from "./module-pattern.js";

/** A linear that a config asks to adapt, and how. */
export interface LoraTarget extends LinearPlace {
  readonly rank: number;
  readonly alpha: number;
  /** Factor on the update: alpha / rank, or alpha / √rank with rsLoRA. */
  readonly scale: number;
}

/** A config for a certain model, and what it picks there. */
export interface SelectedTargets {
  /** The config with roles written out as names, as PEFT's files hold them. */
  readonly config: LoraConfig;
  /** In the order of the model's linears; at least one. */
  readonly targets: readonly LoraTarget[];
}

/**
 * The linears that a config picks among those of a model.
 *
 * A list of names picks paths that equal one or end in it after a dot, within `layers`; a name that is a full path holds
 * whatever `layers` says. A regular expression has to match a path as a whole. All as in PEFT.
 *
 * @param onWarning receives a sentence for each part of the config that has no effect while others have
 * @throws LoraConfigError when nothing is picked, with the names there are, or a rank exceeds what the linear can use
 */
export function selectTargets(
  places: readonly LinearPlace[],
  options: LoraConfig,
  onWarning?: OnWarning,
): SelectedTargets {
  const config: LoraConfig = { ...options, targets: withoutRoles(options.targets, places) };
  const { targets, excludeModules } = config;
  const layers = layerNumbers(config.layers);
  const isTarget = matchModules(targets);
  const isExcluded = excludeModules === null ? () => false : matchModules(excludeModules);
  const isFullPath = (path: string): boolean => Array.isArray(targets) && targets.includes(path);

  const matched = places.filter(({ path }) => isTarget(path));
  const inLayers = matched.filter(
    ({ path, layer }) => layers === null || isFullPath(path) || (layer !== null && layers.includes(layer)),
  );
  const picked = inLayers.filter(({ path }) => !isExcluded(path));
  if (matched.length === 0) {
    const names = namesOf(places).join(", ");
    throw new LoraConfigError(
      "targets",
      typeof targets === "string"
        ? phrase`a list of names among ${names}, or a regular expression that matches a whole path such as ${String(places[0]?.path)}`
        : phrase`the name of a linear among ${names}, the end of its path, or a role (${[...targetRoles, ...rolesOf(places)].join(", ")})`,
      quote(options.targets),
    );
  }
  if (inLayers.length === 0) {
    const highest = Math.max(...matched.map(({ layer }) => layer ?? 0));
    throw new LoraConfigError(
      "layers",
      phrase`layers within 0 to ${highest} that hold a target`,
      quote(config.layers),
    );
  }
  if (picked.length === 0) {
    throw new LoraConfigError(
      "excludeModules",
      phrase`to leave one of ${namesOf(inLayers).join(", ")} to adapt`,
      phrase`${quote(excludeModules)}, which excludes all targets`,
    );
  }
  const rankOf = firstMatch(config.rankPattern);
  const alphaOf = firstMatch(config.alphaPattern);
  const selected = picked.map((place): LoraTarget => {
    const rank = rankOf(place.path) ?? config.rank;
    const alpha = alphaOf(place.path) ?? config.alpha;
    const { path, shape } = place;
    const largest = Math.max(...shape);
    if (rank > largest) {
      throw new LoraConfigError(
        "rank",
        phrase`at most ${largest}, the longer side of ${path} [${shape.join(", ")}]`,
        quote(rank),
      );
    }
    const scale = alpha / (config.useRslora ? Math.sqrt(rank) : rank);
    return { ...place, rank, alpha, scale };
  });
  if (onWarning) warnOfIdleParts(config, places, selected, layers, onWarning);
  return { config, targets: selected };
}

/** Roles written out as names. A word that is the name of a linear, or the end of a path, means that linear. */
function withoutRoles(targets: LoraConfig["targets"], places: readonly LinearPlace[]): LoraConfig["targets"] {
  if (typeof targets === "string" && !isTargetRole(targets)) return targets;
  const list = typeof targets === "string" ? [targets] : targets;
  const names = list.flatMap((target) => {
    if (places.some(({ path }) => matchModules([target])(path))) return [target];
    const played = endsOf(places, (place) => playsRole(place, target));
    return played.length > 0 ? played : [target];
  });
  return [...new Set(names)].sort();
}

function playsRole({ roles, block }: LinearPlace, target: string): boolean {
  return target === "all-linear" ? block !== "head" : block === target || roles.includes(target);
}

/**
 * Ends of paths that pick the wanted linears and no others, as short as they can be: names, but where another linear has the
 * same name, as experts beside shared ones, more of the path.
 */
function endsOf(places: readonly LinearPlace[], isWanted: (place: LinearPlace) => boolean): string[] {
  const unwanted = places.filter((place) => !isWanted(place));
  let left = places.filter(isWanted).map(({ path }) => path);
  const ends = new Set<string>();
  for (let parts = 1; left.length > 0; parts++) {
    const taken = new Set(unwanted.map(({ path }) => lastParts(path, parts)));
    left = left.filter((path) => {
      const end = lastParts(path, parts);
      if (taken.has(end) && end !== path) return true;
      ends.add(end);
      return false;
    });
  }
  return [...ends];
}

/** The last so many parts of a path, or all of it. */
function lastParts(path: string, count: number): string {
  let start = path.length;
  for (let part = 0; part < count && start >= 0; part++) start = path.lastIndexOf(".", start - 1);
  return path.slice(start + 1);
}

function namesOf(places: readonly LinearPlace[]): string[] {
  return [...new Set(places.map(({ name }) => name))];
}

/** Roles of linears within layers. */
function rolesOf(places: readonly LinearPlace[]): string[] {
  return [...new Set(places.filter(({ block }) => block !== "head").flatMap(({ roles }) => roles))];
}

function warnOfIdleParts(
  { targets, excludeModules, rankPattern, alphaPattern }: LoraConfig,
  places: readonly LinearPlace[],
  selected: readonly LoraTarget[],
  layers: readonly number[] | null,
  onWarning: OnWarning,
): void {
  const idle = (key: string, names: readonly unknown[], reason: string | Phrase): void => {
    if (names.length === 0) return;
    onWarning(phrase`LoRA config, key ${quote(key)}: ${names.map(quote).join(", ")} ${asPhrase(reason)}`);
  };
  if (typeof targets !== "string") {
    const unmatched = targets.filter((name) => !places.some(({ path }) => matchModules([name])(path)));
    idle("targets", unmatched, phrase`matched no linear; there are ${namesOf(places).join(", ")}`);
  }
  if (excludeModules !== null) {
    const list = typeof excludeModules === "string" ? [excludeModules] : excludeModules;
    const matcher = (name: string): string | string[] => (typeof excludeModules === "string" ? name : [name]);
    const unmatched = list.filter((name) => !places.some(({ path }) => matchModules(matcher(name))(path)));
    idle("excludeModules", unmatched, "excluded nothing");
  }
  const present = new Set(places.map(({ layer }) => layer));
  idle("layers", layers?.filter((layer) => !present.has(layer)) ?? [], "are not layers of the model");
  for (const [key, pattern] of Object.entries({ rankPattern, alphaPattern })) {
    const unmatched = Object.keys(pattern).filter((name) => {
      const matches = compilePattern(`(?:.*\\.)?(?:${name})`);
      return !selected.some(({ path }) => matches(path));
    });
    idle(key, unmatched, "matched no adapted linear");
  }
}
