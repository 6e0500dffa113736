import { type Phrase, phrase } from "@lathe/files";

/** `owner/name`, with a revision or without. */
const ID = /^([A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95})(?:@[\w./-]{1,100})?$/;

/** Addresses of pages, and the prefixes that other tools take. */
const PREFIX =
  /^(?:https?:\/\/[^/]+\/(?:models\/|datasets\/)?|hf:\/\/(?:datasets\/)?|modelscope:|hf-dataset:|hf:)/;

/**
 * The id on a hub that a text is meant for: `owner/name`, by itself or in the address of its page.
 * @returns null where it is none; a path with a folder `.` or `..`, or of other than two parts, is none
 */
export function hubId(text: string): string | null {
  const isAddressed = PREFIX.test(text);
  const rest = text.replace(PREFIX, "").replace(/\/$/, "");
  const parts = isAddressed ? rest.split("/").slice(0, 2).join("/") : rest;
  return ID.exec(parts)?.[1] ?? null;
}

/** What to do about a hub's id where a folder is wanted. @param id see {@link hubId} */
export function downloadHint(id: string, kind: "model" | "adapter" | "dataset"): Phrase {
  const folder = `${{ model: "models", adapter: "adapters", dataset: "data" }[kind]}/${id.slice(id.indexOf("/") + 1)}`;
  const type = kind === "dataset" ? " --repo-type dataset" : "";
  const scope = kind === "dataset" ? "--dataset" : "--model";
  const hf = `hf download ${id}${type} --local-dir ${folder}`;
  const modelscope = `modelscope download ${scope} ${id} --local_dir ${folder}`;
  return phrase`if ${id} is an id on a hub, download it first, with \`${hf}\` or \`${modelscope}\`, and give ${folder}`;
}
