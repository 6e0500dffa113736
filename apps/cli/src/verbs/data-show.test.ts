import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

it("shows beginning and end of a long row, and all of it with --full", async () => {
  const ids = Array.from({ length: 2000 }, (_, at) => at);
  const file = await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), [
    { input_ids: [1, 2, 3] },
    { input_ids: ids, labels: ids.map((id) => (id < 1000 ? -100 : id)) },
  ]);
  const { stdout, code, stderr } = await runLathe(["data", "show", file, "--row", "2"]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("|318|319\n… 1600 tokens between; --full shows them …\n[1920]|[1921]|");
  const full = await runLathe(["data", "show", file, "--row", "2", "--full"]);
  expect(full.stdout).toContain("|998|999|[1000]|[1001]|");
  expect(full.stdout).not.toContain("…");
  const short = await runLathe(["data", "show", file]);
  expect(short.stdout).toMatch(/1\|\[2\]\|\[3\]/);
});

it("shows beginning and end of the text of a long row", async () => {
  const model = join(import.meta.dirname, "../../../../examples/customer-service/base-model");
  const output = `开头${"，中间".repeat(2000)}，结尾`;
  const file = await writeJsonl(join(await temporaryFolder(), "rows.jsonl"), [{ input: "问", output }]);
  const { stdout } = await runLathe(["data", "show", file, "--model", model]);
  expect(stdout.length).toBeLessThan(output.length);
  for (const part of ["开头", "结尾"]) expect(stdout).toContain(part);
  const full = await runLathe(["data", "show", file, "--model", model, "--full"]);
  expect(full.stdout).toContain(output);
});
