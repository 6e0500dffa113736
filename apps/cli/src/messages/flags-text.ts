import { kebabCase } from "@lathe/command";

/** Fields of a recipe by their paths, with their values, as one would type them. */
export const flagsText = (settings: Readonly<Record<string, string | number>>): string =>
  Object.entries(settings)
    .map(([path, value]) => `--${kebabCase(path.slice(path.lastIndexOf(".") + 1))} ${value}`)
    .join(" ");
