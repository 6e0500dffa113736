/** Lets timers, signals and other work of the process have their turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
