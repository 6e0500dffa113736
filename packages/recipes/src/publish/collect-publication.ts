import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  decodeUtf8,
  fileFaults,
  hashFile,
  isRecord,
  phrase,
  readJsonFile,
  readJsonIfThere,
  readSmallFile,
  setJsonKey,
  statIfThere,
} from "@lathe/files";
import { type HubRepository, modelOfSnapshot, parseRepository } from "@lathe/hub";
import { expectation, field, RecipeError } from "../recipe-error.js";
import { modelCard } from "./model-card.js";
import type { Publication, PublishedBase, PublishedFile } from "./publication.js";
import { publishedRun } from "./published-run.js";
import { readCardScores } from "./read-card-scores.js";

/** What is published and what is said of it. */
export interface CollectPublicationOptions {
  /** A run's folder, or the adapter or model in one. */
  readonly folder: string;
  /** Where it will be: `owner/name` on Hugging Face, with `@branch` or without. */
  readonly repository: string;
  /** Name of the base model on the hub. @defaultValue where it came from, when it came from there */
  readonly base?: string | undefined;
  /** Identifier of a licence, as the hub has them. @defaultValue none is named */
  readonly license?: string | undefined;
  /** `report.json` of an evaluation whose scores the card shows. @defaultValue none */
  readonly scores?: string | undefined;
}

/** Files that mean something to who loads a model or an adapter; what else lies in the folder stays on this machine. */
const PUBLISHED =
  /^(?:adapter_(?:config\.json|model\.safetensors)|config\.json|generation_config\.json|lathe\.json|model(?:-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json|tokenizer(?:_config)?\.json|tokenizer\.model|special_tokens_map\.json|added_tokens\.json|chat_template\.(?:jinja|json)|vocab\.json|merges\.txt|LICEN[CS]E(?:\.\w{1,8})?)$/;

/** Keys of configs that say where the base lay. */
const NAMES_OF_BASE: Readonly<Partial<Record<string, string>>> = {
  "adapter_config.json": "base_model_name_or_path",
  "config.json": "_name_or_path",
};

const CONFIG_BYTES_LIMIT = 16 * 1024 * 1024;

/**
 * Gathers what a push of an adapter, or of a model that was trained as a whole, would send: the files that loaders read, with the base
 * under its name on the hub instead of its path on this machine; `passport.json`, with which the run can be repeated; and the card.
 * Nothing is sent, and no path of this machine is in it.
 * @throws RecipeError, FileError
 */
export async function collectPublication(options: CollectPublicationOptions): Promise<Publication> {
  const repository = modelNamed("repository", options.repository);
  const { kind, folder } = await findTrained(options.folder);
  const report = await readJsonIfThere(join(dirname(folder), "report.json"), { limit: CONFIG_BYTES_LIMIT });
  const run = isRecord(report) ? publishedRun(report) : null;
  const base = await baseOf(kind, folder, report, options.base);
  const scores = options.scores === undefined ? null : await readCardScores(options.scores);
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && PUBLISHED.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const files: PublishedFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const key = NAMES_OF_BASE[name];
    const config = key === undefined ? {} : await readConfig(path);
    if (key !== undefined && key in config) files.push(textFile(name, await namedConfig(path, key, base)));
    else files.push({ path: name, content: { file: path }, ...(await hashFile(path)) });
  }
  if (run) files.push(textFile("passport.json", `${JSON.stringify(run, null, 2)}\n`));
  const card = modelCard({ kind, id: repository.id, base, run, scores, license: options.license ?? null });
  files.push(textFile("README.md", card));
  return { kind, folder, repository, base, files, card };
}

/** The model's repository on Hugging Face that a text names. @throws RecipeError */
function modelNamed(field: "repository" | "base", text: string): HubRepository {
  const repository = parseRepository(text, "model");
  if (repository?.hub === "huggingface" && repository.kind === "model" && repository.file === null)
    return repository;
  throw new RecipeError([expectation(field, "the name of a model, such as Qwen/Qwen3-0.6B", text)]);
}

function textFile(path: string, text: string): PublishedFile {
  const bytes = Buffer.from(text);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { path, bytes: bytes.length, sha256, content: { text } };
}

async function findTrained(given: string): Promise<Pick<Publication, "kind" | "folder">> {
  const places = [
    ["adapter", given, "adapter_config.json"],
    ["adapter", join(given, "adapter"), "adapter_config.json"],
    ["model", given, "config.json"],
    ["model", join(given, "model"), "config.json"],
  ] as const;
  for (const [kind, folder, name] of places) {
    // A run's own config.json holds its settings, and a model has weights beside its config.
    const isThere = (await statIfThere(join(folder, name)))?.isFile() ?? false;
    if (!isThere) continue;
    if (kind === "adapter" || (await holdsWeights(folder))) return { kind, folder: resolve(folder) };
  }
  throw new RecipeError([
    expectation("folder", "a run's folder, or the adapter or the model that a run has written", given),
  ]);
}

async function holdsWeights(folder: string): Promise<boolean> {
  return (await readdir(folder)).some((name) => /^model.*\.safetensors$/.test(name));
}

/** Which model on the hub the weights stand on. */
async function baseOf(
  kind: Publication["kind"],
  folder: string,
  report: unknown,
  given: string | undefined,
): Promise<PublishedBase> {
  if (given !== undefined) {
    const { id, revision } = modelNamed("base", given);
    return { id, commit: revision };
  }
  const passport = isRecord(report) && isRecord(report["passport"]) ? report["passport"] : {};
  const settings = isRecord(passport["settings"]) ? passport["settings"] : {};
  const config = kind === "adapter" ? await readConfig(join(folder, "adapter_config.json")) : {};
  for (const candidate of [settings["model"], config["base_model_name_or_path"]]) {
    if (typeof candidate !== "string") continue;
    const snapshot = modelOfSnapshot(candidate);
    if (snapshot) return snapshot;
    const repository = parseRepository(candidate, "model");
    if (repository?.hub === "huggingface" && (await statIfThere(candidate)) === null) {
      return { id: repository.id, commit: repository.revision };
    }
  }
  const sentence = phrase`${field("base")}: expected the name on the hub of the base model, which was a folder of this machine`;
  throw new RecipeError([{ field: "base", sentence }]);
}

async function readConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  const config = await readJsonFile(path, { limit: CONFIG_BYTES_LIMIT, makeFault: fileFaults(path) });
  return isRecord(config) ? config : {};
}

/** A config that names its base by what it is called on the hub. */
async function namedConfig(path: string, key: string, { id, commit }: PublishedBase): Promise<string> {
  const bytes = (await readSmallFile(path, CONFIG_BYTES_LIMIT)) ?? new Uint8Array();
  const text = setJsonKey(decodeUtf8(bytes, fileFaults(path)), key, id);
  return key === NAMES_OF_BASE["adapter_config.json"] ? setJsonKey(text, "revision", commit) : text;
}
