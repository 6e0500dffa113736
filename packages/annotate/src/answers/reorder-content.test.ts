import { expect, it } from "vitest";
import { drawOf, shuffled } from "../assign/seeded.js";
import { randomContent } from "../testing/small-study.js";
import { pairsOf } from "./answer.js";
import { reorderContent } from "./reorder-content.js";

it("says the same of every system and every pair, and comes back", () => {
  const seed = Math.floor(Math.random() * 1e6);
  for (let round = 0; round < 50; round++) {
    const draw = drawOf(seed, round);
    const count = draw(1, 5);
    const [from, to] = [0, 1].map(() => shuffled([...Array(count).keys()], draw));
    const content = randomContent(count, seed + round);
    const turned = reorderContent(content, from, to);
    expect(reorderContent(turned, to, from), `seed ${seed}`).toEqual(content);
    to.forEach((system, place) => {
      expect(turned.ratings[place], `seed ${seed}`).toBe(content.ratings[from.indexOf(system)]);
    });
    const winners = (order: readonly number[], preferences: readonly number[]) =>
      pairsOf(count)
        .map(
          ([a, b], pair) =>
            `${order[preferences[pair] === 1 ? b : a]} of ${[order[a], order[b]].sort().join()}`,
        )
        .filter((_, pair) => preferences[pair] !== 0)
        .sort();
    expect(winners(to, turned.preferences), `seed ${seed}`).toEqual(winners(from, content.preferences));
  }
});
