/** A sentence of a package, with the functions that it names as the verbs that call them. */
export const withVerbs = (text: string, command: string): string =>
  text
    .replaceAll("setupTensorFlow()", `${command} setup cuda`)
    .replaceAll("setupGate()", `${command} setup gate`);
