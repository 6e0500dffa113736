import { expectation, RecipeError } from "../recipe-error.js";

/** Share of a card's memory that a process finds free: the rest is the driver's and the screen's. */
const FREE_SHARE = 0.94;

/**
 * What a graphics card leaves a process, by a name that ends with its memory, such as `rtx3060-12gb`.
 * @throws RecipeError
 */
export function cardBytes(card: string): number {
  const match = /^[a-z][a-z0-9-]*-(\d{1,4})gb$/i.exec(card);
  if (match) return Math.floor(Number(match[1]) * 2 ** 30 * FREE_SHARE);
  throw new RecipeError([
    expectation("card", "a name that ends with its memory, such as rtx3060-12gb", card),
  ]);
}
