import { expect, it } from "vitest";
import { runLathe } from "../testing/run-lathe.js";
import { verbs } from "./index.js";

it("the list of verbs", async () => {
  expect((await runLathe(["--help"])).stdout).toMatchSnapshot();
});

it.each(verbs.map(({ name }) => name))("the help of %s", async (name) => {
  const { code, stdout } = await runLathe([...name.split(" "), "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatchSnapshot();
});

it.each(verbs.map(({ name }) => name))("the schema of %s describes every option", async (name) => {
  const { json, stdout } = await runLathe(["schema", ...name.split(" "), "--json"]);
  expect(json, stdout).toMatchObject({ title: `lathe ${name}`, type: "object" });
  for (const [key, property] of Object.entries(
    json!["properties"] as Record<string, { description?: string }>,
  )) {
    expect(property.description, key).toEqual(expect.any(String));
  }
});
