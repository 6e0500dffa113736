import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { ReasoningPolicy } from "@lathe/data";
import { InputError, type Phrase, phrase, phraseOfError } from "@lathe/files";
import type { RowGroup, Tokenizer } from "@lathe/model";
import { canShareRows, detach, loadAdapter, setActive, setActiveRows } from "@lathe/peft";
import { type OpenedModel, policyOf } from "@lathe/recipes";

/** An adapter that answers under a name of its own. */
export interface NamedAdapter {
  readonly name: string;
  /** Its folder. A folder that is exchanged is read anew at the next request. */
  readonly folder: string;
}

/** A model or adapter that a reply is computed under, until it is given back. */
export interface ModelLease {
  /** Key of the adapter on the model; null for the base. */
  readonly group: string | null;
  /** Policy that its prompts follow, as it was trained. */
  readonly reasoning: ReasoningPolicy;
  release(): void;
}

interface LoadedAdapter extends NamedAdapter {
  readonly key: string;
  /** Says which files were read. */
  readonly stamp: string;
  readonly reasoning: ReasoningPolicy;
  leases: number;
}

/** A model's name, and that of the base where it is an adapter. */
export interface ModelName {
  readonly id: string;
  readonly parent: string | null;
}

/** The base model and its adapters by their names. Adapters are exchanged when their folders are. */
export class ServedModels {
  readonly tokenizer: Tokenizer;
  readonly baseName: string;
  readonly #adapters = new Map<string, LoadedAdapter>();
  /** Exchanged ones that replies are still computed under. */
  readonly #retired = new Set<LoadedAdapter>();
  /** One exchange at a time. */
  #loading: Promise<unknown> = Promise.resolve();
  /** Files that could not be read, by name: they are not tried again until they change. */
  readonly #failed = new Map<string, string>();
  #keys = 0;

  private constructor(
    readonly opened: OpenedModel,
    tokenizer: Tokenizer,
    baseName: string,
    readonly onWarning: (warning: string | Phrase) => void,
    /** Hears of keys that are no more. */
    readonly onGone: (group: string) => void,
  ) {
    this.tokenizer = tokenizer;
    this.baseName = baseName;
  }

  /**
   * Puts adapters on an open model.
   * @throws InputError for a model without tokenizer, a name that is taken, or an adapter that cannot be in force for some rows alone
   * @throws AdapterFileError
   */
  static async open(
    opened: OpenedModel,
    adapters: readonly NamedAdapter[],
    options: {
      readonly name?: string | undefined;
      readonly onWarning: (warning: string | Phrase) => void;
      readonly onGone: (group: string) => void;
    },
  ): Promise<ServedModels> {
    const { tokenizer, path } = opened;
    if (!tokenizer)
      throw new InputError(phrase`${path}: the folder has no tokenizer.json, which serving texts needs`);
    const baseName = options.name ?? basename(resolve(path));
    const served = new ServedModels(opened, tokenizer, baseName, options.onWarning, options.onGone);
    for (const adapter of adapters) {
      if (adapter.name === baseName || served.#adapters.has(adapter.name)) {
        throw new InputError(
          phrase`the name ${adapter.name} is given twice; a model and each of its adapters need one of their own`,
        );
      }
      served.#adapters.set(adapter.name, await served.#load(adapter, await stampOf(adapter.folder)));
    }
    setActive(opened.model, []);
    return served;
  }

  /** All names, the base first. */
  names(): ModelName[] {
    const adapters = Array.from(this.#adapters.keys(), (id) => ({ id, parent: this.baseName }));
    return [{ id: this.baseName, parent: null }, ...adapters];
  }

  /** The model of a name, to be given back; null where there is none. */
  async lease(name: string): Promise<ModelLease | null> {
    if (name === this.baseName) {
      const reasoning = this.opened.policy?.reasoning ?? "keep";
      return { group: null, reasoning, release: () => undefined };
    }
    if (!this.#adapters.has(name)) return null;
    await this.#refresh(name);
    const adapter = this.#adapters.get(name)!;
    adapter.leases++;
    let isReleased = false;
    return {
      group: adapter.key,
      reasoning: adapter.reasoning,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        adapter.leases--;
        this.#dropRetired();
      },
    };
  }

  /** Makes the model compute rows under their adapters. */
  readonly arrange = (rows: readonly RowGroup[]): void => {
    const named = rows.map(({ group, start, end }) => ({ start, end, names: group === null ? [] : [group] }));
    if (named.length === 1) setActive(this.opened.model, named[0].names);
    else setActiveRows(this.opened.model, named);
  };

  /** Reads the adapter anew where its files are others than those that were read. */
  async #refresh(name: string): Promise<void> {
    const before = this.#loading;
    const exchange = async (): Promise<void> => {
      await before;
      const current = this.#adapters.get(name)!;
      const stamp = await stampOf(current.folder);
      if (stamp === current.stamp || stamp === this.#failed.get(name)) return;
      try {
        const loaded = await this.#load(current, stamp);
        this.#adapters.set(name, loaded);
        this.#retired.add(current);
        this.#failed.delete(name);
        this.#dropRetired();
      } catch (error) {
        // What is there half goes on being what it was; the next change of the files is another try.
        this.#failed.set(name, stamp);
        this.onWarning(phrase`${name} stays as it was: ${phraseOfError(error)}`);
      }
    };
    await (this.#loading = exchange());
  }

  async #load({ name, folder }: NamedAdapter, stamp: string): Promise<LoadedAdapter> {
    const { model } = this.opened;
    const policy = await policyOf(this.opened, folder);
    const key = `${name}#${++this.#keys}`;
    await loadAdapter(model, folder, { name: key, onWarning: this.onWarning });
    if (!canShareRows(model, key)) {
      detach(model, key);
      throw new InputError(
        phrase`${folder}: the adapter trains whole modules or biases, which cannot be in force for some requests alone; merge it and serve the merged model`,
      );
    }
    return { name, folder, key, stamp, reasoning: policy?.reasoning ?? "keep", leases: 0 };
  }

  #dropRetired(): void {
    for (const adapter of this.#retired) {
      if (adapter.leases > 0) continue;
      this.#retired.delete(adapter);
      detach(this.opened.model, adapter.key);
      this.onGone(adapter.key);
    }
  }
}

/** What changes when an adapter's files are exchanged; nothing where they are not there. */
async function stampOf(folder: string): Promise<string> {
  const stamps = ["adapter_config.json", "adapter_model.safetensors", "lathe.json"].map(async (file) => {
    try {
      const { ino, size, mtimeMs } = await stat(join(folder, file));
      return `${ino}:${size}:${mtimeMs}`;
    } catch {
      // Loading says what is missing.
      return "none";
    }
  });
  return (await Promise.all(stamps)).join(" ");
}
