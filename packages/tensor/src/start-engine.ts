import { asPhrase, joinPhrases, type Phrase, phrase, phraseOfError, sayPhrase } from "@lathe/files";
import type { Engine, EngineDefinition, Precision, PassedOver } from "./engine.js";
import { useEngine } from "./engine-in-use.js";
import { engineDefinitions } from "./engines/engine-definitions.js";
import { EngineError } from "./errors.js";
import { portableParts } from "./portable-parts.js";

/** An engine by its name, `"auto"` for the first that runs here, or definitions of your own, of which the first that runs. */
export type EngineChoice = string | EngineDefinition | readonly EngineDefinition[];

/** The engines there are, in the order in which `auto` tries them. */
export function listEngines(): readonly EngineDefinition[] {
  return engineDefinitions;
}

function withPrecision(
  { name, precisions, precisionOver }: EngineDefinition,
  precision: Precision | "auto",
  weightFormat: string,
): Precision {
  if (precision === "auto") return precisionOver?.[weightFormat] ?? precisions[0];
  if (precisions.includes(precision)) return precision;
  throw new EngineError(name, precisionFault(name, precision, precisions));
}

const precisionFault = (name: string, precision: Precision, precisions: readonly Precision[]): Phrase =>
  phrase`precision ${precision}: engine ${name} computes in ${precisions.join(", ")}`;

/**
 * What {@link startEngine} would refuse of an engine by its name wherever it runs: there is none of it, or it does not compute in the precision.
 * @returns null where there is nothing; nothing is said of `"auto"`
 */
export function engineFault(engine: string, precision: Precision | "auto" = "auto"): Phrase | null {
  if (engine === "auto") return null;
  const named = engineDefinitions.find(({ name }) => name === engine);
  if (named === undefined) return unknownFault(engine);
  const isOffered = precision === "auto" || named.precisions.includes(precision);
  return isOffered ? null : precisionFault(engine, precision, named.precisions);
}

function unknownFault(engine: string): Phrase {
  const known = engineDefinitions.map(({ name }) => name).join(", ");
  return phrase`engine ${engine} is unknown; expected auto or one of ${known}`;
}

function candidates(engine: EngineChoice): readonly EngineDefinition[] {
  if (typeof engine === "object") return "probe" in engine ? [engine] : engine;
  if (engine === "auto") return engineDefinitions.filter(({ isAutomatic }) => isAutomatic?.() ?? true);
  const named = engineDefinitions.filter(({ name }) => name === engine);
  if (named.length > 0) return named;
  throw new EngineError(engine, unknownFault(engine));
}

/**
 * Starts an engine and puts it in use. One that was asked for by name or definition is never replaced by another.
 *
 * @param precision of products; `"auto"` for the engine's default over such weights
 * @param weightFormat name of the format in which the frozen weights are to be packed, `"none"` for those that are not
 * @throws EngineError if it is unknown, cannot run here or does not offer the precision
 */
export async function startEngine(
  engine: EngineChoice = "auto",
  precision: Precision | "auto" = "auto",
  weightFormat = "none",
): Promise<Engine> {
  const passedOver: PassedOver[] = [];
  for (const definition of candidates(engine)) {
    const { name } = definition;
    let reason = await definition.probe();
    if (reason === null) {
      const chosen = withPrecision(definition, precision, weightFormat);
      try {
        const parts = await definition.start(chosen);
        const descriptionPhrase = asPhrase(definition.description);
        const started = {
          ...portableParts(),
          ...parts,
          name,
          description: sayPhrase(descriptionPhrase),
          descriptionPhrase,
          precision: chosen,
          passedOver,
        };
        useEngine(started);
        return started;
      } catch (error) {
        reason = phrase`it did not start: ${phraseOfError(error)}`;
      }
    }
    const said = asPhrase(reason);
    passedOver.push({ name, reason: sayPhrase(said), phrase: said });
  }
  const name = typeof engine === "string" ? engine : passedOver.map((passed) => passed.name).join(" or ");
  const reasons = passedOver.map((passed) => phrase`${passed.name}: ${passed.phrase}`);
  throw new EngineError(name, phrase`engine ${name} cannot run here (${joinPhrases(reasons)})`);
}
