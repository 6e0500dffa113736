import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { testFolder } from "./study-folder.js";

const command = fileURLToPath(new URL("../../../cli/dist/main.js", import.meta.url));

const browsers = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A browser of this machine, or null. */
export const chromiumPath = browsers.find((path) => existsSync(path)) ?? null;

/** A row of a file of replies. */
export interface ReplyRow {
  readonly id: string;
  readonly prompt: string;
  readonly response: string;
}

/** The command `lathe annotate` at work, which may be killed and started again. */
export class RunningRoom {
  #process: ChildProcess | null = null;
  links: ReadonlyMap<string, string> = new Map();
  /** What it wrote since its links were there, on both streams. */
  said = "";

  private constructor(
    readonly folder: string,
    readonly words: readonly string[],
  ) {}

  /** Serves a study of two systems until the test ends. */
  static async open(
    rows: readonly (readonly [base: ReplyRow, tuned: ReplyRow])[],
    more: readonly string[] = [],
  ): Promise<RunningRoom> {
    const folder = await testFolder();
    const files = await Promise.all(
      ["base", "tuned"].map(async (name, system) => {
        const file = join(folder, `${name}.jsonl`);
        await writeFile(file, rows.map((row) => `${JSON.stringify(row[system])}\n`).join(""));
        return file;
      }),
    );
    const words = [
      "annotate",
      "--responses",
      ...files,
      "--output",
      join(folder, "study"),
      "--language",
      "en",
      ...more,
    ];
    const room = new RunningRoom(folder, words);
    onTestFinished(() => room.kill());
    await room.start();
    return room;
  }

  /** Starts the command and waits for its links. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [command, ...this.words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LATHE_DEBUG: "1" },
    });
    this.#process = child;
    let text = "";
    let faults = "";
    let isServing = false;
    child.stderr.on("data", (chunk: Buffer) => {
      if (isServing) this.said += chunk.toString();
      else faults += chunk.toString();
    });
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      const links = [...text.matchAll(/^(.+): (http:\S+)$/gm)].map(([, name, link]) => [name, link] as const);
      if (links.length >= 5) {
        this.links = new Map(links);
        isServing = true;
        child.stdout.on("data", (rest: Buffer) => (this.said += rest.toString()));
        return;
      }
    }
    throw new Error(`the command ended: ${faults}`);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** Rows whose replies are plain. */
export const plainRows = (count: number): (readonly [ReplyRow, ReplyRow])[] =>
  Array.from({ length: count }, (_, row) => {
    const of = (system: string): ReplyRow => ({
      id: `r${row}`,
      prompt: `Question number ${row}?`,
      response: `A ${system} reply to question ${row}.`,
    });
    return [of("first"), of("second")] as const;
  });

/** Waits until the page shows the task of that number, from 1. */
export async function atTask(page: Page, number: number): Promise<void> {
  await page.getByRole("heading", { level: 1, name: `Task ${number}`, exact: true }).waitFor();
}

/** Judges the task shown: the same rating for all, and a preference. */
export async function judge(page: Page, rating: number, preference = "equally good"): Promise<void> {
  for (const group of await page.locator('[data-slot^="rating-"]').all()) {
    await group
      .getByRole("radio")
      .nth(rating - 1)
      .check();
  }
  await page.locator('[data-slot^="preference-"]').getByLabel(preference).check();
}

/** Presses the button that saves. */
export const save = (page: Page): Promise<void> =>
  page.getByRole("button", { name: "Save and go on" }).click();
