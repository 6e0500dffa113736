/** Mailboxes in folders and in stores, which do the same. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isInputError } from "@lathe/files";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startStoreServer, type StoreServer } from "../testing/store-server.js";
import { temporaryFolder } from "../testing/written-adapter.js";
import { MailboxEntryError } from "./mailbox-entry-error.js";
import { MailboxError } from "./mailbox-error.js";
import type { Mailbox } from "./mailbox.js";
import { openMailbox } from "./open-mailbox.js";

let server: StoreServer;
beforeAll(async () => {
  server = await startStoreServer();
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  server.objects.clear();
  server.seen.length = server.faults.length = 0;
  server.status = 200;
  server.hasBucket = true;
  server.isEndless = false;
});

const wait = async (): Promise<void> => undefined;

const inStore = (change: Record<string, string> = {}): Mailbox =>
  openMailbox("s3://bucket/fed/one", {
    env: {
      AWS_ENDPOINT_URL: server.origin,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "hidden-SECRET",
      ...change,
    },
    wait,
  });

const mailboxes: Record<string, () => Promise<Mailbox>> = {
  "a folder": async () => openMailbox(join(await temporaryFolder(), "box")),
  "a store, signed": () => Promise.resolve(inStore()),
  "a store behind an address that lets one in": () =>
    Promise.resolve(openMailbox(`${server.origin}/bucket/fed/one?sig=a%2Fb`, { env: {}, wait })),
};

describe.each(Object.keys(mailboxes))("a mailbox in %s", (kind) => {
  it("gives what was left, lists what is right below, and has nothing where nothing was left", async () => {
    const mailbox = await mailboxes[kind]();
    expect(await mailbox.read("rounds/0001/x", 10)).toBeNull();
    expect(await mailbox.list("rounds")).toEqual([]);
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
    await mailbox.write("rounds/0001/updates/b/weights", bytes);
    await mailbox.write("rounds/0001/updates/a/weights", bytes);
    await mailbox.write("rounds/0001/updates/c/weights", bytes);
    await mailbox.write("rounds/0001/updates/c/more", bytes);
    await mailbox.write("rounds/0001/other", bytes);
    expect(await mailbox.read("rounds/0001/updates/a/weights", 300)).toEqual(bytes);
    expect(await mailbox.list("rounds/0001/updates")).toEqual(["a", "b", "c"]);
    expect(await mailbox.list("rounds/0001/updates/c")).toEqual(["more", "weights"]);
    await mailbox.write("rounds/0001/other", Uint8Array.of(1));
    expect(await mailbox.read("rounds/0001/other", 1)).toEqual(Uint8Array.of(1));
  });

  it("refuses more than the limit, and keys that lead elsewhere", async () => {
    const mailbox = await mailboxes[kind]();
    await mailbox.write("x", new Uint8Array(11));
    await expect(mailbox.read("x", 10)).rejects.toThrow(MailboxEntryError);
    for (const key of ["", "..", "../x", "a/../x", "a//b", "/x", "a\\b", "A", ".x", "x?y", "x%2e"]) {
      await expect(mailbox.write(key, new Uint8Array(1)), key).rejects.toThrow(MailboxError);
      await expect(mailbox.read(key, 1), key).rejects.toThrow(MailboxError);
    }
  });
});

it("keeps files of a folder readable by others' tools", async () => {
  const folder = await temporaryFolder();
  await openMailbox(folder).write("rounds/x.json", Buffer.from("{}"));
  expect(await readFile(join(folder, "rounds", "x.json"), "utf8")).toBe("{}");
});

it("tells a folder in place of a file from a mailbox that does not answer", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "x"));
  const read = openMailbox(folder).read("x", 10);
  await expect(read).rejects.toThrow(MailboxEntryError);
  await expect(read).rejects.toThrow(/x: expected a file that can be read, got something that is not a file/);
});

describe("a store", () => {
  it("is asked again after answers that pass and connections that are cut", async () => {
    const mailbox = inStore();
    const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => i);
    server.faults.push(503, 0, 429);
    await mailbox.write("x", bytes);
    server.faults.push(0, 500, 0);
    expect(await mailbox.read("x", 50_000)).toEqual(bytes);
    server.faults.push(503);
    expect(await mailbox.list("rounds")).toEqual([]);
    expect(server.seen.every(({ authorization }) => authorization?.startsWith("AWS4-HMAC-SHA256"))).toBe(
      true,
    );
  });

  it("says in one sentence who refuses what, without a secret", async () => {
    for (const [status, message] of [
      [403, /its store refuses the owner of the key in AWS_ACCESS_KEY_ID \(403\)/],
      [500, /answered 500; 5 tries got no further/],
      [400, /got status 400 from the store/],
    ] as const) {
      server.status = status;
      const error: unknown = await inStore()
        .read("x", 1)
        .catch((fault: unknown) => fault);
      expect(error).toBeInstanceOf(MailboxError);
      expect(isInputError(error)).toBe(true);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).not.toMatch(/SECRET|\n/);
    }
    server.status = 403;
    const open = openMailbox(`${server.origin}/bucket?sig=hidden`, { env: {}, wait });
    const fault = await open.write("x", new Uint8Array(1)).catch((error: unknown) => error as Error);
    expect((fault as Error).message).toMatch(/refuses whoever has no key \(403\)/);
    expect((fault as Error).message).not.toContain("hidden");
  });

  it("has nothing under a key, and says where there is no bucket", async () => {
    const mailbox = inStore();
    expect(await mailbox.read("x", 10)).toBeNull();
    server.hasBucket = false;
    for (const ask of [
      async () => await mailbox.read("x", 10),
      async () => await mailbox.list("rounds"),
      async () => await mailbox.write("x", new Uint8Array(1)),
    ]) {
      const error: unknown = await ask().catch((fault: unknown) => fault);
      expect(error).toBeInstanceOf(MailboxError);
      expect(error).not.toBeInstanceOf(MailboxEntryError);
      expect((error as Error).message).toContain("there is no such bucket");
    }
  });

  it("tells an object that it does not show from one that is not reached", async () => {
    server.status = 403;
    await expect(inStore().read("x", 1)).rejects.toThrow(MailboxEntryError);
    server.status = 500;
    await expect(inStore().read("x", 1)).rejects.not.toThrow(MailboxEntryError);
  });

  it("is not listed without end", async () => {
    const mailbox = inStore();
    server.isEndless = true;
    await expect(mailbox.list("rounds")).rejects.toThrow(/expected a listing that ends/);
  });

  it("keeps an abort, also while it answers", async () => {
    const stop = new AbortController();
    const open = openMailbox(`${server.origin}/bucket`, { env: {}, signal: stop.signal });
    server.faults.push(503);
    const asked = open.read("x", 1);
    await vi.waitFor(() => expect(server.seen).toHaveLength(1));
    stop.abort();
    await expect(asked).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });

  it("closes its connections", async () => {
    const mailbox = inStore();
    const before = await server.connections();
    await mailbox.read("x", 1);
    expect(await server.connections()).toBeGreaterThan(before);
    await mailbox.close();
    await vi.waitFor(async () => expect(await server.connections()).toBe(before));
  });

  it("carries the query of its address on every request", async () => {
    const open = openMailbox(`${server.origin}/bucket/p?sig=a%2Fb`, { env: {}, wait });
    await open.write("x", new Uint8Array(1));
    await open.read("x", 1);
    await open.list("rounds");
    expect(server.seen.map(({ url }) => new URL(url, "http://s").searchParams.get("sig"))).toEqual(
      Array.from({ length: 3 }, () => "a/b"),
    );
    expect(server.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined]);
  });

  it.each(["s3://", "s3://b/../c", "https://host", "https://me:word@host/bucket", "https://host/bucket/%zz"])(
    "is not at %s",
    (address) => {
      expect(() => openMailbox(address, { env: {} })).toThrow(/expected/);
    },
  );
});
