/** The look of all pages: light and dark, phone and paper. */
export const style = `
:root { color-scheme: light dark; --text: #1d2327; --soft: #5d676e; --line: #0000001f; --card: #00000008; --page: #fff; --accent: #0a7d5a; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e8eb; --soft: #9aa5ad; --line: #ffffff24; --card: #ffffff0d; --page: #14181b; --accent: #4cc9a0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 1.5rem 1rem 3rem; color: var(--text); background: var(--page);
  font: 16px/1.55 system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .8rem; } h3 { font-size: .95rem; margin: 0 0 .5rem; }
.lead { color: var(--soft); margin: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .7rem; margin: 1.2rem 0 0; }
.figures > div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .6rem .8rem; }
.figures dt { color: var(--soft); font-size: .85rem; } .figures dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.2rem; }
figure { margin: 0; min-width: 0; } figcaption { color: var(--soft); font-size: .85rem; }
.chart { width: 100%; min-height: 220px; }
.uplot, .u-legend { font: inherit; font-size: .85rem; } .u-legend { text-align: left; color: var(--soft); overflow-wrap: normal; } .u-legend th { font-weight: 400; }
.samples, .facts { display: grid; gap: 1rem; }
.facts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); align-items: start; }
.sample { border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; background: var(--card); }
.sample p { margin: 0; white-space: pre-wrap; }
.sample dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem .9rem; margin: .6rem 0 0; }
.sample dt { color: var(--soft); } .sample dd { margin: 0; white-space: pre-wrap; unicode-bidi: isolate; }
.facts table { border-collapse: collapse; width: 100%; font-size: .9rem; }
.facts th, .facts td { border-bottom: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; }
.facts th { color: var(--soft); font-weight: 400; width: 45%; } .facts td { font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
a { color: var(--accent); }
@media (max-width: 520px) { .sample dl { grid-template-columns: 1fr; gap: .1rem; } .sample dd { margin-bottom: .5rem; } }
@media print {
  :root { color-scheme: light; --text: #000; --soft: #444; --line: #0003; --card: #fff; --page: #fff; }
  body { max-width: none; padding: 0; font-size: 11pt; } .charts { grid-template-columns: 1fr; }
  figure, .sample, .figures > div, tr { break-inside: avoid; } h2 { break-after: avoid; }
}
`;
