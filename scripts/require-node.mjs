// Refuses a Node that is too old in one sentence, before anything else is loaded. It must therefore stay in syntax
// that old versions of Node can still read.

export const oldestNode = 20;

const version = process.versions.node;
if (Number(version.split(".")[0]) < oldestNode) {
  console.error(
    "Lathe needs Node " +
      oldestNode +
      " or newer and this is Node " +
      version +
      ". Install a current release from https://nodejs.org (or with your version manager) and run the command again.",
  );
  process.exit(1);
}
