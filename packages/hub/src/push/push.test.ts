import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { HubError } from "../hub-error.js";
import { parseRepository } from "../repository/hub-repository.js";
import { type HubSettings, hubSettings } from "../settings/hub-settings.js";
import { temporaryFolder } from "../testing/folders.js";
import { startPushServer, type TakenPushes } from "../testing/push-server.js";
import { push, type PushedFile, type PushOptions } from "./push.js";

const TOKEN = "hf_ForTestsAlone";
const repository = parseRepository("owner/name", "model")!;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function server(): Promise<TakenPushes> {
  const started = await startPushServer(TOKEN);
  closing.push(() => started.close());
  return started;
}

function settingsFor(origin: string, env: Readonly<Record<string, string>> = {}): HubSettings {
  return hubSettings({ HF_ENDPOINT: origin, HF_TOKEN: TOKEN, HF_HOME: "/nowhere", ...env });
}

async function someFiles(): Promise<{ files: PushedFile[]; weights: Buffer }> {
  const folder = await temporaryFolder();
  const weights = Buffer.alloc(5000, "weights");
  await writeFile(join(folder, "weights"), weights);
  return {
    weights,
    files: [
      { path: "README.md", content: { text: "# 卡片\n" } },
      { path: "adapter_model.safetensors", content: { file: join(folder, "weights") } },
    ],
  };
}

const wait = async (): Promise<void> => undefined;
const options = (origin: string, more: Partial<PushOptions> = {}): PushOptions => ({
  title: "Trained",
  settings: settingsFor(origin),
  wait,
  ...more,
});

async function faultOf(work: Promise<unknown>): Promise<HubError> {
  const error: unknown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(HubError);
  return error as HubError;
}

describe("push", () => {
  it("makes a private repository and sends all files as one commit", async () => {
    const hub = await server();
    const { files, weights } = await someFiles();
    const told: (string | null)[] = [];
    const pushed = await push(
      repository,
      files,
      options(hub.origin, { onProgress: ({ file }) => told.push(file) }),
    );
    const taken = hub.repositories.get("owner/name")!;
    expect(taken.isPrivate).toBe(true);
    expect(taken.commits).toHaveLength(1);
    expect(taken.commits[0]).toMatchObject({ title: "Trained", branch: "main" });
    expect(taken.commits[0].files.get("README.md")!.toString()).toBe("# 卡片\n");
    expect(taken.commits[0].files.get("adapter_model.safetensors")!.equals(weights)).toBe(true);
    expect(pushed).toMatchObject({ page: `${hub.origin}/owner/name`, isNew: true, isPrivate: true });
    expect(told).toContain("adapter_model.safetensors");
  });

  it("the token goes to the hub's own endpoints, not to where files are stored", async () => {
    const hub = await server();
    await push(repository, (await someFiles()).files, options(hub.origin));
    const stored = hub.seen.filter(({ path }) => path.startsWith("/storage/"));
    expect(stored).toHaveLength(1);
    expect(stored[0].authorization).toBeNull();
  });

  it("a public repository takes nothing that was not said to be public", async () => {
    const hub = await server();
    hub.repositories.set("owner/name", { isPrivate: false, commits: [] });
    const { files } = await someFiles();
    expect((await faultOf(push(repository, files, options(hub.origin)))).fault).toBe("public");
    expect(hub.repositories.get("owner/name")!.commits).toHaveLength(0);
    const pushed = await push(repository, files, options(hub.origin, { isPublic: true }));
    expect(pushed).toMatchObject({ isNew: false, isPrivate: false });
  });

  it("a private repository stays private, whatever is asked for what is new", async () => {
    const hub = await server();
    hub.repositories.set("owner/name", { isPrivate: true, commits: [] });
    const pushed = await push(repository, (await someFiles()).files, options(hub.origin, { isPublic: true }));
    expect(pushed.isPrivate).toBe(true);
  });

  it("what a moment heals is tried again, and Retry-After is waited for", async () => {
    const hub = await server();
    const waits: number[] = [];
    const { files } = await someFiles();
    hub.first.push({ status: 429, headers: { "retry-after": "7" } }, { status: 503 });
    await push(
      repository,
      files,
      options(hub.origin, {
        wait: async (milliseconds) => {
          waits.push(milliseconds);
        },
      }),
    );
    expect(waits).toEqual([7000, 1000]);
    expect(hub.repositories.get("owner/name")!.commits).toHaveLength(1);
  });

  it("what fails for good is a sentence without the token, and leaves no commit", async () => {
    const hub = await server();
    const { files } = await someFiles();
    const settings = settingsFor(hub.origin, { HF_TOKEN: "hf_OfAnother" });
    const error = await faultOf(push(repository, files, options(hub.origin, { settings })));
    expect(error.fault).toBe("token");
    expect(error.message).not.toContain("hf_OfAnother");
    expect(hub.repositories.size).toBe(0);
  });

  it.each([
    ["no token", { HF_TOKEN: "" }, "token"],
    ["a token of another kind", { HF_TOKEN: "abc" }, "token"],
    ["no hub may be asked", { HF_HUB_OFFLINE: "1" }, "offline"],
  ])("%s: nothing is asked of the hub", async (_name, env, fault) => {
    const hub = await server();
    const settings = settingsFor(hub.origin, env);
    const { files } = await someFiles();
    expect((await faultOf(push(repository, files, options(hub.origin, { settings })))).fault).toBe(fault);
    expect(hub.seen).toHaveLength(0);
  });

  it.each(["modelscope:owner/name", "hf-dataset:owner/name", "owner/name:file.bin"])(
    "%s is no place to push to",
    async (name) => {
      const hub = await server();
      const work = push(parseRepository(name, "model")!, (await someFiles()).files, options(hub.origin));
      expect((await faultOf(work)).fault).toBe("name");
    },
  );

  it("a path that leads out of the repository is refused", async () => {
    const hub = await server();
    const work = push(repository, [{ path: "../x", content: { text: "" } }], options(hub.origin));
    expect((await faultOf(work)).fault).toBe("name");
  });

  it("an end is an end", async () => {
    const hub = await server();
    const reason = new Error("enough");
    const work = push(
      repository,
      (await someFiles()).files,
      options(hub.origin, { signal: AbortSignal.abort(reason) }),
    );
    await expect(work).rejects.toBe(reason);
  });
});
