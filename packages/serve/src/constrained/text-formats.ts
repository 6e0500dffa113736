const day = "(?:0[1-9]|1[0-9]|2[0-8])";
const leapYear = "(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:1[26]|2[048])00)";
const date = `(?:[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-${day}|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)|${leapYear}-02-29)`;
const time =
  "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
// An address of mail is no longer than the 254 characters that schemas bound it by, and a page's than 2083, so that both go with a bound.
const label = "[A-Za-z0-9]{1,24}(?:-[A-Za-z0-9]{1,11}){0,2}";
const domain = `${label}(?:\\.${label}){0,3}\\.[A-Za-z]{2,10}`;
const byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const group = "[0-9A-Fa-f]{1,4}";

/** As eight groups, or with a run of zeros left out behind none to seven of them. */
const ipv6 = [
  `(?:${group}:){7}${group}`,
  `::(?:${group}(?::${group}){0,6})?`,
  ...[1, 2, 3, 4, 5, 6].map((before) => {
    const behind = `(?:${group}(?::${group}){0,${6 - before}})?`;
    return `${group}(?::${group}){${before - 1}}::${behind}`;
  }),
  `${group}(?::${group}){6}::`,
].join("|");

const amount = "[0-9]{1,6}";
const hours = `(?:${amount}H(?:${amount}M(?:${amount}S)?)?|${amount}M(?:${amount}S)?|${amount}S)`;
const days = `(?:${amount}Y(?:${amount}M(?:${amount}D)?)?|${amount}M(?:${amount}D)?|${amount}D)`;

/**
 * Texts of the formats of JSON Schema (draft 2020-12, validation §7.3) as regular expressions: forms that every validator takes,
 * and no more of them than a model needs.
 */
export const textFormats: Readonly<Record<string, string>> = {
  date: `^${date}$`,
  time: `^${time}$`,
  "date-time": `^${date}T${time}$`,
  duration: `^P(?:${amount}W|${days}(?:T${hours})?|T${hours})$`,
  email: `^[A-Za-z0-9]{1,20}(?:[._+-][A-Za-z0-9]{1,12}){0,2}@${domain}$`,
  hostname: `^${domain}$`,
  ipv4: `^${byte}(?:\\.${byte}){3}$`,
  ipv6: `^(?:${ipv6})$`,
  uri: `^https?://${domain}(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]{0,800})?(?:\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]{0,600})?(?:#[A-Za-z0-9._~-]{0,100})?$`,
  // Said to whoever shows or sends a text, and taken by validators as any: OpenAPI's.
  binary: "",
  password: "",
  uuid: "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
};
