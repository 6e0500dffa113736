import { createRequire } from "node:module";

/** What is read of a package's manifest. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Versions of this package, of the packages it stands on, and of the library that the engines stand on, by name. */
export function packageVersions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const manifestOf = (name: string, from = require): Manifest => from(`${name}/package.json`) as Manifest;
  const own = manifestOf("@lathe/recipes");
  const below = Object.keys(own.dependencies ?? {}).map((name) => manifestOf(name));
  const requireOfTensor = createRequire(require.resolve("@lathe/tensor/package.json"));
  const tensorFlow = manifestOf("@tensorflow/tfjs-core", requireOfTensor);
  return Object.fromEntries([own, ...below, tensorFlow].map(({ name, version }) => [name, version]));
}
