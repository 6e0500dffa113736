import eslint from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { allowedImports, allowedInTests, withoutTensors } from "./scripts/package-arrows.mjs";

const urlAsPath = {
  selector: "MemberExpression[property.name='pathname'] > NewExpression[callee.name='URL'].object",
  message: "Use fileURLToPath: a URL writes the space in a path as %20, and Windows paths otherwise.",
};

const spreadOfLiteral = {
  selector: "ObjectExpression > SpreadElement[argument.type='ObjectExpression']",
  message: "Write the properties themselves: a spread object only pleases the formatter.",
};

/** What only the engines of `packages/tensor` may ask: who computes is handed over, and has what others need of it. */
const questionsToEngines = [
  {
    selector: "CallExpression[callee.property.name='getBackend'], CallExpression[callee.name='getBackend']",
    message: "Ask the engine for what it does: only the engines know their TensorFlow.js backends.",
  },
  {
    selector: [
      ...["left", "right"].flatMap((side) =>
        ["object.name=/engine$/i", "object.callee.name='engineInUse'"].map(
          (asked) => `BinaryExpression[operator=/^[!=]==?$/][${side}.property.name='name'][${side}.${asked}]`,
        ),
      ),
      "SwitchStatement[discriminant.property.name='name'][discriminant.object.name=/engine$/i]",
    ].join(", "),
    message: "Ask the engine for what it does: another engine that does the same has another name.",
  },
  {
    selector: "ImportSpecifier[imported.name='loadNativeKernels']",
    message: "Ask the engine: what is compiled is loaded by the engine that computes with it.",
  },
];

const ofPackages = [
  urlAsPath,
  spreadOfLiteral,
  {
    selector: "CallExpression[callee.name=/^mkdir(Sync)?$/] Property[key.name='recursive']",
    message: "Call makeFolder of @lathe/files: Node's recursive mkdir never ends under /proc.",
  },
  { selector: "ExportAllDeclaration", message: "Name each export." },
  { selector: "ExportDefaultDeclaration", message: "Export by name." },
  {
    selector: "ImportDeclaration[source.value='@tensorflow/tfjs']",
    message: "Import @tensorflow/tfjs-core: the whole of it loads layers, data, a converter and WebGL.",
  },
  {
    selector: "MemberExpression[object.name='process'][property.name=/^(stdout|stderr|exit|exitCode)$/]",
    message: "Packages never print and never end the process: return, call back or throw.",
  },
];

const acrossPackages = {
  regex: "^(\\.\\./)+[\\w-]+/(src|dist)/",
  message: "Import another package by its name.",
};

/** @param {string} folder @param {readonly string[]} allowed @returns {import("eslint").Linter.RulesRecord} */
function restrictedImports(folder, allowed) {
  const names = allowed.map((name) => `@lathe/${name}`);
  const patterns = [
    acrossPackages,
    {
      group: ["@lathe/*", ...names.map((name) => `!${name}`)],
      message: `${folder} may import ${names.length > 0 ? names.join(", ") : "no other package"} of the workspace: arrows point down.`,
    },
  ];
  if (withoutTensors.includes(folder)) {
    patterns.push({ group: ["@tensorflow/*"], message: `${folder} must load without TensorFlow.js.` });
  }
  return { "no-restricted-imports": ["error", { patterns }] };
}

export default defineConfig(
  globalIgnores([
    ...["**/dist/", "**/build/", "**/fixtures/", "**/runs/", "coverage/", "docs/api/"],
    "packages/*/wasm/", // AssemblyScript, which its own compiler checks
  ]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  eslint.configs.recommended,
  {
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-constant-condition": ["error", { checkLoops: "none" }],
      "no-new-func": "error",
      "no-eval": "error",
      "no-param-reassign": "off",
      "no-restricted-imports": ["error", { patterns: [acrossPackages] }],
      "no-restricted-syntax": ["error", urlAsPath, spreadOfLiteral],
      "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx", "hack"] }],
      "object-shorthand": "error",
      "prefer-object-spread": "error",
    },
  },
  {
    files: ["**/*.{ts,tsx}", "scripts/**/*.mjs", "*.config.{js,ts}"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-meaningless-void-operator": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "all", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/prefer-readonly": "error",
      "@typescript-eslint/restrict-plus-operands": ["error", { allowNumberAndString: true }],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/use-unknown-in-catch-callback-variable": "error",

      // An async function without `await` is how a plain value fits an asynchronous interface.
      "@typescript-eslint/require-await": "off",
      // Records of plain functions are handed around and taken apart; few things here have a `this`.
      "@typescript-eslint/unbound-method": "off",
      // The compiler reports undefined names, and knows the globals of Node.
      "no-undef": "off",
      // Index loops over typed arrays are the plain way to write a kernel.
      "@typescript-eslint/prefer-for-of": "off",
      // The compiler leaves `array[index]` without undefined, and so a `!` after a lookup says what a reader must know.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["packages/*/src/**/*.{ts,tsx}"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-console": "error",
      "no-restricted-syntax": ["error", ...ofPackages, ...questionsToEngines],
      "@typescript-eslint/explicit-module-boundary-types": "error",
    },
  },
  {
    files: ["packages/tensor/src/engines/**/*.ts", "packages/kernels/src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: { "no-restricted-syntax": ["error", ...ofPackages] },
  },
  {
    files: ["apps/*/src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "no-restricted-syntax": ["error", urlAsPath, spreadOfLiteral, ...questionsToEngines],
    },
  },
  {
    // The bench times kernels by themselves.
    files: ["apps/bench/src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: { "no-restricted-syntax": ["error", urlAsPath, spreadOfLiteral] },
  },
  Object.entries(allowedImports).map(([folder, allowed]) => ({
    files: [`${folder}/**/*.{ts,tsx}`],
    rules: restrictedImports(folder, allowed),
  })),
  Object.entries(allowedInTests).map(([folder, allowed]) => ({
    files: [`${folder}/**/*.test.ts`],
    rules: restrictedImports(folder, allowed),
  })),
  {
    files: ["**/*.test.ts"],
    rules: {
      // Recorded values come in as JSON; a wrong shape fails the test all the same.
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    files: ["scripts/**/*.mjs"],
    rules: {
      // JSON.parse of the repository's own manifests; the compiler checks the types stated in JSDoc.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // What browsers run as it is.
    files: ["packages/export/web/*.js"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...["addEventListener", "document", "fetch", "location", "navigator", "performance", "postMessage"],
          ...["URL", "URLSearchParams", "Worker"],
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    // Plain JavaScript that people run or copy is linted without types.
    files: ["examples/**/*.mjs", "{apps,packages}/*/{scripts,testing}/**/*.mjs"],
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, "readonly"])),
    },
  },
);
