/** Layers of a streamed model whose weights are in memory at a time: the one at work and the next. */
export const RESIDENT_LAYERS = 2;
