// The report of a run as one page that needs nothing else.

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => escapes[sign]);

const WIDTH = 720;
const HEIGHT = 260;
const MARGIN = { left: 44, right: 12, top: 12, bottom: 28 };

/** Mean over the last few values, which shows the course under the noise of single steps. */
function smoothed(values, span) {
  return values.map((_, i) => {
    const window = values.slice(Math.max(0, i - span + 1), i + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });
}

function lossCurve(steps) {
  const losses = steps.map(({ loss }) => loss);
  const low = Math.floor(Math.min(...losses));
  const high = Math.ceil(Math.max(...losses));
  const last = steps.at(-1).step;
  const x = (step) =>
    MARGIN.left + ((step - 1) / Math.max(1, last - 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (loss) =>
    MARGIN.top + ((high - loss) / Math.max(1, high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const line = (values) =>
    values.map((value, i) => `${x(steps[i].step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const levels = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const grid = levels.map(
    (
      level,
    ) => `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(level)}" y2="${y(level)}" class="grid"/>
      <text x="${MARGIN.left - 8}" y="${y(level) + 4}" text-anchor="end">${level}</text>`,
  );
  const ticks = [1, Math.round(last / 2), last].map(
    (step) => `<text x="${x(step)}" y="${HEIGHT - 8}" text-anchor="middle">${step}</text>`,
  );
  const validation = steps
    .filter(({ validationLoss }) => validationLoss !== undefined)
    .map(
      ({ step, validationLoss }) =>
        `<circle cx="${x(step)}" cy="${y(validationLoss)}" r="4" class="validation"/>`,
    );
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
    ${grid.join("")}${ticks.join("")}
    <polyline points="${line(losses)}" class="raw"/>
    <polyline points="${line(smoothed(losses, 10))}" class="mean"/>
    ${validation.join("")}
  </svg>`;
}

const STYLE = `
  :root { color-scheme: light dark; --line: #8884; --accent: #0a7d5a; --soft: #0a7d5a55; --bubble: #8882; }
  body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 760px;
    margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; } th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
  th { text-align: left; } th:not(:first-child), td { text-align: right; } td { font-variant-numeric: tabular-nums; } td:last-child { font-weight: 600; }
  svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; opacity: .7; }
  .grid { stroke: var(--line); } polyline { fill: none; } .raw { stroke: var(--soft); } .mean { stroke: var(--accent); stroke-width: 2; }
  .validation { fill: #c2571a; }
  .dialogue { display: grid; grid-template-columns: 5rem 1fr; gap: .3rem .8rem; margin: 1rem 0; padding: .8rem;
    background: var(--bubble); border-radius: .6rem; }
  .dialogue dt { opacity: .7; } .dialogue dd { margin: 0; } .dialogue .tuned { font-weight: 600; }
`;

/**
 * @param {{ messages: object, language: string, rows: string[][], dialogues: object[], steps: object[] }} report
 * @returns {string} HTML
 */
export function reportPage({ messages, language, rows, dialogues, steps }) {
  const head = messages.columns.map((column) => `<th scope="col">${escape(column)}</th>`).join("");
  const body = rows.map(
    ([name, ...values]) =>
      `<tr><th scope="row">${escape(name)}</th>${values.map((value) => `<td>${escape(value)}</td>`).join("")}</tr>`,
  );
  const talks = dialogues.map(
    (dialogue) =>
      `<dl class="dialogue">${["question", "base", "tuned", "agent"]
        .map((who) => `<dt>${escape(messages[who])}</dt><dd class="${who}">${escape(dialogue[who])}</dd>`)
        .join("")}</dl>`,
  );
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lathe</title>
<style>${STYLE}</style>
<h1>${escape(messages.title)}</h1>
<h2>${escape(messages.scores)}</h2>
<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>
<h2>${escape(messages.lossTitle)}</h2>
${lossCurve(steps)}
<h2>${escape(messages.dialogues)}</h2>
${talks.join("\n")}
</html>
`;
}
