import { type Chart, courseOf, plotOptions, type Words } from "@lathe/report/parts";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import UPlot from "uplot";

/** A chart that follows its numbers, its width and the colours of the system. */
export function Plot({ chart, text }: { readonly chart: Chart; readonly text: Words }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const isDark = useDark();
  const data = [chart.steps, ...chart.series.map(({ values }) => values)] as unknown as UPlot.AlignedData;
  // What is drawn, but for the numbers: only another of these is drawn anew.
  const shape = JSON.stringify([text.step, chart.series.map(({ label, style }) => [label, style])]);
  useEffect(() => {
    const element = place.current!;
    const width = (): number => Math.max(200, element.clientWidth);
    const options = plotOptions(chart, { width: width(), isDark, x: text.step });
    const drawn = new UPlot(options as UPlot.Options, data, element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      if (drawn.width !== width()) drawn.setSize({ width: width(), height: drawn.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [shape, isDark]);
  useEffect(() => plot.current?.setData(data), [chart]);
  const course = courseOf(chart, text);
  return (
    <figure>
      <h3>
        {chart.title}
        {chart.unit !== "" && ` (${chart.unit})`}
      </h3>
      <div class="chart" ref={place} role="img" aria-label={`${chart.title}: ${course}`} />
      <figcaption>{course}</figcaption>
    </figure>
  );
}

/** Whether the system's colours are dark. */
function useDark(): boolean {
  const [isDark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = (): void => setDark(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return isDark;
}
