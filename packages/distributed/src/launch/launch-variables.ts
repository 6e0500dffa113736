/** Variables of this environment that ranks on other machines go by as well: Lathe's own, those of hubs, the language. */
export const launchVariables = (environment: Readonly<Record<string, string | undefined>>): string[] =>
  Object.keys(environment).filter(
    (name) =>
      /^(?:LATHE|HF|MODELSCOPE)_[A-Z0-9_]+$/.test(name) || ["LANG", "LC_ALL", "LC_MESSAGES"].includes(name),
  );
