import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ComponentChildren } from "preact";
import { renderToString } from "preact-render-to-string";
import { type Chart, thinned } from "./chart.js";
import { drawCharts } from "./draw-charts.js";
import { plotOptions } from "./plot-options.js";
import { style } from "./style.js";

/** A page that needs nothing else: no file beside it and no network. */
export interface HtmlPage {
  /** BCP 47, e.g. `en`. */
  readonly language: string;
  readonly title: string;
  /** What is drawn into the elements of class `chart`, in their order. */
  readonly charts: readonly Chart[];
  readonly children: ComponentChildren;
}

/** A file of the library that draws. */
function plotFile(name: string): string {
  const folder = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));
  return readFileSync(join(folder, "dist", name), "utf8");
}

/** The scripts of a page that has charts: the library, and what calls it. */
function pageScripts(): string[] {
  const data = `JSON.parse(document.getElementById("charts").textContent)`;
  return [plotFile("uPlot.iife.min.js"), `(${drawCharts.toString()})(${data}, ${plotOptions.toString()});`];
}

/** Lets these scripts run, known by their hashes, and nothing else. */
function policyOf(scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return `default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes.join(" ") || "'none'"}; base-uri 'none'; form-action 'none'`;
}

/** A content policy under which pages of {@link htmlPage} work, and no script runs but theirs: for who serves pages that others wrote. */
export const pagePolicy = (): string => policyOf(pageScripts());

/** Text in a script element, which `</script>` and `<!--` would end or change. */
const inScript = (text: string): string => text.replaceAll("<", "\\u003c");

/** Writes a page. Scripts are known to it by their hashes, so that nothing else in it can run. */
export function htmlPage({ language, title, charts, children }: HtmlPage): string {
  const scripts = charts.length === 0 ? [] : pageScripts();
  const policy = policyOf(scripts);
  const data = inScript(JSON.stringify(charts.map(thinned)));
  const page = (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: plotFile("uPlot.min.css") + style }} />
      </head>
      <body>
        <main>{children}</main>
        {scripts.length > 0 && (
          <script type="application/json" id="charts" dangerouslySetInnerHTML={{ __html: data }} />
        )}
        {scripts.map((script) => (
          <script dangerouslySetInnerHTML={{ __html: script }} />
        ))}
      </body>
    </html>
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}
