import type { SeededRandom } from "./seeded-random.js";

const CHARACTERS = Array.from(
  "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感店门票价房订单退款客服电话营业早上",
);
const WORDS = [
  "order",
  "refund",
  "ticket",
  "hotel",
  "please",
  "when",
  "where",
  "opens",
  "closes",
  "the",
  "my",
  "is",
  "not",
];

/**
 * Texts as support logs have them: Chinese and English, a third from common sentences with a few words changed, a third near copies of an
 * earlier text with an edit or several, so that similarities lie on both sides of any threshold.
 */
export function nearTexts(count: number, random: SeededRandom): string[] {
  const templates = Array.from({ length: 8 }, () => fresh(random, 60));
  const texts: string[] = [];
  while (texts.length < count) {
    const draw = random.next();
    if (draw < 0.4 || texts.length === 0) texts.push(fresh(random, random.integer(3, 120)));
    else if (draw < 0.6) texts.push(edited(random.pick(templates), random.integer(2, 6), random));
    else texts.push(edited(random.pick(texts), random.integer(0, 3), random));
  }
  return texts;
}

function fresh(random: SeededRandom, length: number): string {
  if (random.next() < 0.3)
    return Array.from({ length: Math.ceil(length / 5) }, () => random.pick(WORDS)).join(" ");
  return Array.from({ length }, () => random.pick(CHARACTERS)).join("");
}

function edited(text: string, edits: number, random: SeededRandom): string {
  const characters = Array.from(text);
  for (let edit = 0; edit < edits; edit++) {
    const at = random.integer(0, characters.length);
    const removed = random.integer(0, 2);
    const added = Array.from({ length: random.integer(0, 2) }, () => random.pick(CHARACTERS));
    characters.splice(at, removed, ...added);
  }
  return characters.join("");
}
