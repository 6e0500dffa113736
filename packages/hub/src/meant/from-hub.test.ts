import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sayPhrase } from "@lathe/files";
import { beforeAll, describe, expect, it } from "vitest";
import type { PulledRepository } from "../pull.js";
import { type HubRepository, repositoryText } from "../repository/hub-repository.js";
import { temporaryFolder } from "../testing/folders.js";
import { inputsFromHub, modelFromHub } from "./from-hub.js";
import { missingPathFault } from "./missing-path-fault.js";
import { repositoryMeant } from "./repository-meant.js";

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
  await mkdir(join(root, "here"));
  await writeFile(join(root, "here/model"), "");
});

const meant = async (...args: Parameters<typeof repositoryMeant>): Promise<string | null> => {
  const repository = await repositoryMeant(...args);
  return repository && repositoryText(repository);
};
const fault = async (...args: Parameters<typeof missingPathFault>): Promise<string | null> => {
  const phrase = await missingPathFault(...args);
  return phrase && sayPhrase(phrase);
};

describe("a text that names a repository or a path", () => {
  it("is meant for a repository where it says so, or where nothing of the owner's name is here", async () => {
    expect(await meant("Qwen/Qwen3-0.6B", "model")).toBe("Qwen/Qwen3-0.6B");
    expect(await meant("org/chat-rows@v1", "dataset")).toBe("hf-dataset:org/chat-rows@v1");
    expect(await meant("modelscope:packages/base", "model")).toBe("modelscope:packages/base");
    // A prefix says what a repository holds whatever it is given for.
    expect(await meant("hf-dataset:packages/base", "model")).toBe("hf-dataset:packages/base");
    expect(await fault("Qwen/Qwen3-0.6B", "model")).toBeNull();
    expect(await fault("hf:packages/base", "model")).toBeNull();
  });

  it("is a mistyped path where the folder before it is here", async () => {
    expect(await meant("packages/base", "model")).toBeNull();
    expect(await fault("packages/base", "model")).toBe(
      "no such folder; if packages/base on a hub is meant, give hf:packages/base",
    );
    expect(await fault("packages/base", "dataset")).toBe(
      "no such file; if packages/base on a hub is meant, give hf-dataset:packages/base",
    );
  });

  it.each(["org/rows.jsonl", "org/rows.JSON", "org/rows.arrow"])(
    "is a file of rows by its ending: %s",
    async (path) => {
      expect(await meant(path, "dataset")).toBeNull();
      expect(await fault(path, "dataset")).toBeNull();
      expect(await meant(path, "model")).not.toBeNull();
    },
  );

  it("is a path where something lies, or where it has no repository's form", async () => {
    for (const path of [
      root,
      join(root, "here/model"),
      join(root, "here/model/deeper"),
      "gpt2",
      "../up/one",
    ]) {
      expect(await meant(path, "model")).toBeNull();
      expect(await fault(path, "model")).toBeNull();
    }
    expect(await meant("packages/hub", "model")).toBeNull();
    expect(await fault("packages/hub", "model")).toBeNull();
  });
});

/** Stands for a hub whose every repository has these files. */
function hubOf(...files: readonly string[]): {
  readonly asked: HubRepository[];
  readonly download: (repository: HubRepository) => Promise<PulledRepository>;
} {
  const asked: HubRepository[] = [];
  return {
    asked,
    download(repository) {
      asked.push(repository);
      return Promise.resolve({ path: "/cache", commit: "c", files, totalBytes: 1, downloadedBytes: 0 });
    },
  };
}

describe("what a text stands for", () => {
  it("is the text where it is a path, and nothing is downloaded", async () => {
    const { asked, download } = hubOf();
    for (const stands of [modelFromHub, inputsFromHub]) {
      expect(await stands("packages/base", download)).toBe("packages/base");
    }
    expect(asked).toEqual([]);
  });

  it("is the folder of a model, asked for as a model", async () => {
    const { asked, download } = hubOf("config.json");
    expect(await modelFromHub("org/model@v2", download)).toBe("/cache");
    expect(asked).toMatchObject([{ id: "org/model", kind: "model", revision: "v2" }]);
  });

  it.each([
    [["a.jsonl", "b.jsonl"]],
    [["train-0.arrow", "train-1.arrow"]],
    [["data/train.jsonl", "data/test.jsonl"]],
  ])("is the folder of %j, of which a split is chosen by whoever reads it", async (files) => {
    expect(await inputsFromHub("org/rows", hubOf(...files).download)).toBe("/cache");
  });

  it("is the one file of a data set where all its files are read", async () => {
    expect(await inputsFromHub("org/rows", hubOf("only.csv").download)).toBe(join("/cache", "only.csv"));
  });
});
