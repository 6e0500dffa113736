import type { AdaptableModel } from "./adaptable-model.js";
import { adaptedPlaces } from "./adapted-model.js";
import { MergedLinear } from "./merged-linear.js";

/**
 * Merges the active adapters into dense float32 weights, so that the model runs as fast as one without adapters.
 * Merging a merged model changes nothing. The linears and adapters are kept for {@link unmerge}.
 */
export function merge(model: AdaptableModel): void {
  for (const { path, adapted, merged } of adaptedPlaces(model)) {
    const isAdapted = adapted.active.some((name) => adapted.adapters.has(name));
    if (merged === null && isAdapted) model.replaceLinear(path, new MergedLinear(adapted));
  }
}

/** Undoes {@link merge}: the very linears and adapters are back, bit for bit. An unmerged model stays as it is. */
export function unmerge(model: AdaptableModel): void {
  for (const { path, adapted, merged } of adaptedPlaces(model)) {
    if (merged === null) continue;
    model.replaceLinear(path, adapted);
    merged.release();
  }
}
