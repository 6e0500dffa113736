/** 75 → "1:15" */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

const MINUTE = 60;

/** Seconds with their unit, in two digits where they are few: 2.345 → "2.3 s", 75 → "1:15" */
export function formatSeconds(seconds: number): string {
  return seconds < MINUTE ? `${+seconds.toPrecision(2)} s` : formatDuration(seconds);
}

/** 1536000 → "1.5 MB" */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[power]}`;
}

/** A number as people read it: few digits, thousands apart. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value.toLocaleString("en-US", { maximumSignificantDigits: 5, useGrouping: false });
}

/** A number as one would type it: 0.00003 → "3e-5" */
export function formatValue(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
