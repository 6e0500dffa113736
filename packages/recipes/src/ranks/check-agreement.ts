import { broadcastBytes, type Collective, CollectiveError } from "@lathe/distributed";
import { isRecord, parseJson, phrase } from "@lathe/files";

/**
 * Holds what must be the same on all ranks to what the first has.
 * @param facts by name, each as a text
 * @throws CollectiveError on every rank where one of them differs on any
 */
export async function checkAgreement(
  collective: Collective,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  if (collective.size === 1) return;
  const first = parseJson(
    new TextDecoder().decode(
      await broadcastBytes(collective, new TextEncoder().encode(JSON.stringify(facts))),
    ),
  );
  const expected = isRecord(first) ? first : {};
  const names = Object.keys(facts);
  const odd = names.findIndex((name) => expected[name] !== facts[name]);
  // The highest rank that differs is what all of them tell of.
  const tells = Int32Array.of(odd < 0 ? -1 : collective.rank);
  await collective.allReduce(tells, "max");
  if (tells[0] < 0) return;
  const own = new TextEncoder().encode(odd < 0 ? "" : JSON.stringify([names[odd], facts[names[odd]]]));
  const told = parseJson(new TextDecoder().decode(await broadcastBytes(collective, own, tells[0])));
  const [name, value] = Array.isArray(told) ? told.map(String) : ["", ""];
  throw new CollectiveError(
    "arguments",
    phrase`ranks disagree on ${name}: expected ${String(expected[name])} as on rank 0, got ${value} on rank ${tells[0]}; give all machines the same version, model, rows and options`,
  );
}
