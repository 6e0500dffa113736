import { option } from "@lathe/files";
import { z } from "zod";

/** What is published, and where. */
export const publishOptions = z.object({
  folder: option(z.string().min(1), "run, or the adapter or the model that it has written", {
    placeholder: "dir",
  }),
  to: option(z.string().min(1), "repository on Hugging Face: owner/name", {
    placeholder: "name",
    field: "repository",
  }),
  base: option(z.string().min(1).optional(), "name of the base model on the hub", {
    placeholder: "name",
    defaultText: "where it came from",
  }),
  scores: option(z.string().min(1).optional(), "report.json of an evaluation, for the card", {
    placeholder: "file",
  }),
  license: option(
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)
      .optional(),
    "licence by its short name on the hub, such as apache-2.0",
    { placeholder: "name", expected: "a short name of a licence, such as apache-2.0" },
  ),
  public: option(z.boolean().default(false), "let all see it; else the repository is private", {
    field: null,
  }),
  dryRun: option(z.boolean().default(false), "show all that would go, send nothing", { field: null }),
});
