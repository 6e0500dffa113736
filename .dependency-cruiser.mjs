// No module imports itself by way of others, types included: `npm run test:lint` runs this over the whole workspace.

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-circles",
      comment: "Move what both need into a file of its own, or hand it over as an argument.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|build|node_modules)/" },
    // Imports of types are imports: who reads one file has to read the other.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      // Packages of the workspace are read from their sources.
      conditionNames: ["@lathe/source", "import", "node", "default"],
      extensions: [".ts", ".mjs", ".js"],
    },
  },
};
