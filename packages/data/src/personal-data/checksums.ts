/** Luhn's check of card numbers (ISO/IEC 7812-1). @param digits decimal digits, the check digit last */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]) * (index % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

const PROVINCES = new Set(
  "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split(
    " ",
  ),
);
const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Whether a text is a mainland identity number: of 18 places with its check character (GB 11643, ISO 7064 MOD 11-2), or an old one of 15 digits. */
export function isIdentityNumber(text: string): boolean {
  if (!PROVINCES.has(text.slice(0, 2))) return false;
  if (/^\d{15}$/.test(text))
    return isDate(1900 + Number(text.slice(6, 8)), text.slice(8, 10), text.slice(10, 12));
  if (!/^\d{17}[\dX]$/.test(text)) return false;
  const year = Number(text.slice(6, 10));
  if (year < 1880 || year > 2099 || !isDate(year, text.slice(10, 12), text.slice(12, 14))) return false;
  const sum = ID_WEIGHTS.reduce((total, weight, index) => total + weight * Number(text[index]), 0);
  return "10X98765432"[sum % 11] === text[17];
}

function isDate(year: number, month: string, day: string): boolean {
  const date = new Date(Date.UTC(year, Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

const CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const CODE_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/** Whether 18 characters are a unified social credit code with its check character (GB 32100-2015, ISO 7064 MOD 31). */
export function isCreditCode(text: string): boolean {
  if (!/^[1-9A-GY][1-59]\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/.test(text)) return false;
  const sum = CODE_WEIGHTS.reduce(
    (total, weight, index) => total + weight * CODE_CHARACTERS.indexOf(text[index]),
    0,
  );
  return CODE_CHARACTERS[(31 - (sum % 31)) % 31] === text[17];
}

/** Lengths of international bank account numbers by country (ISO 13616 registry). */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Characters of an international bank account number of a country; undefined where the country has none. */
export const ibanLength = (country: string): number | undefined => IBAN_LENGTHS.get(country);

/** Whether letters and digits are an international bank account number by its check digits (ISO 13616, ISO 7064 MOD 97-10). */
export function isIban(text: string): boolean {
  if (text.length !== ibanLength(text.slice(0, 2)) || !/^[A-Z]{2}\d{2}[A-Z0-9]+$/.test(text)) return false;
  let rest = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
