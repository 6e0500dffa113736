// Refuses a Node that is too old in one sentence, before anything else is loaded. It must therefore stay in syntax that
// old versions of Node can still read, and be imported first.

/**
 * Ends the process when this Node is older than `major.minor` of its kind.
 *
 * @param {string} who what needs the version, the start of the sentence
 * @param {number} major the oldest release line
 * @param {number} minor the oldest release of that line
 */
export function requireNode(who, major, minor) {
  var version = process.versions.node;
  var parts = version.split(".").map(Number);
  if (parts[0] > major || (parts[0] === major && parts[1] >= minor)) return;
  console.error(
    who +
      (" needs Node " +
        major +
        (minor > 0 ? "." + minor : "") +
        " or newer, and this is Node " +
        version +
        ". ") +
      "Install a current release from https://nodejs.org or with your version manager, then run the command again.",
  );
  process.exit(1);
}

requireNode("Lathe", 20, 0);
