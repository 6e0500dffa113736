const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Python's `strftime` of a time, in local time, with English names whatever the system speaks. */
export function formatTime(format: string, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const month = MONTHS[now.getMonth()];
  const day = DAYS[now.getDay()];
  const year = now.getFullYear();
  const dayOfYear = Math.round(
    (Date.UTC(year, now.getMonth(), now.getDate()) - Date.UTC(year, 0, 0)) / 86_400_000,
  );
  const codes: Readonly<Record<string, () => string>> = {
    Y: () => String(year),
    y: () => two(year % 100),
    C: () => two(Math.floor(year / 100)),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    e: () => String(now.getDate()).padStart(2),
    H: () => two(now.getHours()),
    I: () => two(now.getHours() % 12 || 12),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    f: () => String(now.getMilliseconds() * 1000).padStart(6, "0"),
    p: () => (now.getHours() < 12 ? "AM" : "PM"),
    j: () => String(dayOfYear).padStart(3, "0"),
    B: () => month,
    b: () => month.slice(0, 3),
    h: () => month.slice(0, 3),
    A: () => day,
    a: () => day.slice(0, 3),
    w: () => String(now.getDay()),
    u: () => String(now.getDay() || 7),
    U: () => two(Math.floor((dayOfYear + 6 - now.getDay()) / 7)),
    W: () => two(Math.floor((dayOfYear + 6 - ((now.getDay() + 6) % 7)) / 7)),
    D: () => formatTime("%m/%d/%y", now),
    F: () => formatTime("%Y-%m-%d", now),
    T: () => formatTime("%H:%M:%S", now),
    R: () => formatTime("%H:%M", now),
    X: () => formatTime("%H:%M:%S", now),
    x: () => formatTime("%m/%d/%y", now),
    c: () => formatTime("%a %b %e %H:%M:%S %Y", now),
    s: () => String(Math.floor(now.getTime() / 1000)),
    n: () => "\n",
    t: () => "\t",
    // A time without a zone, as `datetime.now()` is, has none to name.
    z: () => "",
    Z: () => "",
    "%": () => "%",
  };
  return format.replaceAll(/%-?([A-Za-z%])/g, (whole, code: string) => {
    const text = codes[code]?.();
    if (text === undefined) return whole;
    return whole[1] === "-" ? text.replace(/^0+(?=\d)/u, "").trimStart() : text;
  });
}
