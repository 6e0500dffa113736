/**
 * The arrows between packages: what each folder may import of the workspace. The linter holds every import to them, and
 * `package-arrows.test.ts` holds the drawing and the table of CONTRIBUTING.md to them.
 */

/** @type {Readonly<Record<string, readonly string[]>>} */
export const allowedImports = {
  "packages/command/src": [],
  "packages/data/src": [],
  "packages/kernels/src": [],
  "packages/tensor/src": ["kernels"],
  "packages/model/src": ["kernels", "tensor"],
  "packages/quant/src": ["kernels", "tensor", "model"],
  "packages/peft/src": ["kernels", "tensor", "model"],
  "packages/eval/src": [],
  "packages/eval/src/model": ["kernels", "tensor", "model"],
  "packages/train/src": ["kernels", "tensor", "model", "eval"],
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
  "packages/command/src",
  "packages/data/src",
  "packages/kernels/src",
  "packages/eval/src",
];
