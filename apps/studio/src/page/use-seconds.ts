import { useEffect, useRef } from "preact/hooks";

/** Seconds without a sign of life after which a person is taken to have looked away. */
const IDLE_SECONDS = 60;

/**
 * Counts the seconds that something was looked at: the page visible, and someone there.
 *
 * @param subject what is looked at; a new one counts from 0
 * @returns reads the count
 */
export function useSeconds(subject: unknown): () => number {
  const count = useRef({ seconds: 0, lastSign: performance.now() });
  useEffect(() => {
    count.current = { seconds: 0, lastSign: performance.now() };
    let before = performance.now();
    const tick = (): void => {
      const now = performance.now();
      const isThere = (now - count.current.lastSign) / 1000 < IDLE_SECONDS;
      if (document.visibilityState === "visible" && isThere) count.current.seconds += (now - before) / 1000;
      before = now;
    };
    const sign = (): void => {
      tick();
      count.current.lastSign = performance.now();
    };
    const timer = setInterval(tick, 1000);
    const signs = ["keydown", "pointerdown", "pointermove", "scroll"] as const;
    for (const name of signs) addEventListener(name, sign, { passive: true });
    document.addEventListener("visibilitychange", sign);
    return () => {
      clearInterval(timer);
      for (const name of signs) removeEventListener(name, sign);
      document.removeEventListener("visibilitychange", sign);
    };
  }, [subject]);
  return () => count.current.seconds;
}
