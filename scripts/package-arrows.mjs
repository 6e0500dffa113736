/**
 * The arrows between packages: what each folder may import of the workspace. The linter holds every import to them, and
 * `package-arrows.test.ts` holds the drawing and the table of CONTRIBUTING.md to them.
 */

/** @type {Readonly<Record<string, readonly string[]>>} */
export const allowedImports = {
  "packages/files/src": [],
  "packages/command/src": ["files"],
  "packages/data/src": ["files", "kernels"],
  "packages/kernels/src": ["files"],
  "packages/tensor/src": ["files", "kernels"],
  "packages/model/src": ["files", "kernels", "tensor"],
  "packages/quant/src": ["files", "kernels", "tensor", "model"],
  "packages/peft/src": ["files", "kernels", "tensor", "model"],
  "packages/eval/src": ["files"],
  "packages/eval/src/model": ["files", "kernels", "tensor", "model"],
  "packages/train/src": ["files", "distributed", "kernels", "tensor", "model", "eval"],
  "packages/export/src": ["files", "model", "peft", "quant"],
  "packages/distributed/src": ["files"],
  "packages/hub/src": ["files"],
  "packages/federated/src": ["files", "hub", "model"],
  "packages/report/src": ["files"],
  "packages/annotate/src": ["files", "data", "eval"],
  "packages/serve/src": ["files", "data", "model", "peft", "recipes", "tensor"],
  "packages/recipes/src": [
    "files",
    "distributed",
    "hub",
    "report",
    "data",
    "eval",
    "export",
    "federated",
    "model",
    "peft",
    "quant",
    "tensor",
    "train",
  ],
};

/**
 * Tests follow their package, with these additions: `train` knows nothing of LoRA, but its tests follow recorded LoRA runs.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const allowedInTests = {
  "packages/train/src": [...allowedImports["packages/train/src"], "peft", "quant"],
};

/** Folders that must load where TensorFlow.js is not installed. */
export const withoutTensors = [
  "packages/files/src",
  "packages/command/src",
  "packages/data/src",
  "packages/kernels/src",
  "packages/eval/src",
  "packages/hub/src",
  "packages/distributed/src",
  "packages/report/src",
  "packages/annotate/src",
];
