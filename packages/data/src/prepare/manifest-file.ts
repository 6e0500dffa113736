/** Marks the manifest of a folder that prepare wrote. */
export const MANIFEST_FORMAT = "lathe-prepared-data";

/** Name of the manifest within a prepared folder. */
export const MANIFEST_FILE = "manifest.json";
