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
.scroll + h3 { margin-top: 1.4rem; }
.panels { margin-top: 1.5rem; }
.bars { border-collapse: collapse; width: 100%; font-size: .9rem; }
.bars.bars :is(th, td) { vertical-align: middle; border: 0; }
.bars th { text-align: left; font-weight: 400; color: var(--soft); padding: .15rem .6rem .15rem 0; width: 34%; }
.bars .bar span { display: block; height: .8rem; min-width: 1px; background: var(--accent); border-radius: .2rem; print-color-adjust: exact; }
.bars .number { text-align: right; padding-left: .6rem; width: 5rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.shares { display: block; width: 100%; min-width: 10rem; height: 1rem; fill: var(--accent); border: 1px solid var(--line); border-radius: .2rem; print-color-adjust: exact; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; font-size: .85rem; }
h4 { font-size: .85rem; font-weight: 400; color: var(--soft); margin: .8rem 0 .2rem; }
.sample + .sample { margin-top: 1rem; } .samples .sample + .sample, .facts .sample + .sample { margin-top: 0; }
.sample .tokens { white-space: pre-wrap; line-height: 1.9; unicode-bidi: isolate; }
.token { border-radius: .2rem; padding: .1rem 0; box-decoration-break: clone; box-shadow: 1px 0 0 var(--page); print-color-adjust: exact; }
.legend .token { padding: .1rem .4rem; }
.token.system { background: #8a6dd633; } .token.user { background: #3b82f633; } .token.assistant { background: #10a37f33; }
.token.tool { background: #e08a1e3d; } .token.template { background: var(--line); } .token.text { background: #10a37f1f; }
.token.learnt { border-bottom: 2px solid var(--accent); }
.token.loss { background: rgb(222 60 40 / calc(var(--depth) * .75)); border-bottom: 1px solid #de3c2866; }
.token.quiet { color: var(--soft); opacity: .55; }
.scores { border-collapse: collapse; width: 100%; font-size: .9rem; overflow-wrap: normal; }
.scores th, .scores td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; }
.scores th { color: var(--soft); font-weight: 400; } .scores small { color: var(--soft); white-space: nowrap; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); gap: .8rem; margin: .7rem 0 0; }
.beside h4 { margin: 0 0 .2rem; font-size: .85rem; font-weight: 400; color: var(--soft); } .beside p { unicode-bidi: isolate; max-height: 24rem; overflow: auto; }
mark { color: inherit; background: #0a7d5a33; border-radius: .2rem; }
a { color: var(--accent); }
@media (max-width: 520px) { .sample dl { grid-template-columns: 1fr; gap: .1rem; } .sample dd { margin-bottom: .5rem; } }
@media print {
  :root { color-scheme: light; --text: #000; --soft: #444; --line: #0003; --card: #fff; --page: #fff; }
  body { max-width: none; padding: 0; font-size: 11pt; } .beside p { max-height: none; } .charts { grid-template-columns: 1fr; }
  figure, .sample, .figures > div, tr { break-inside: avoid; } h2, h3, .lead { break-after: avoid; }
  .u-legend .u-value, .u-legend .u-series:first-child, .u-legend th::after { display: none; }
}
`;
