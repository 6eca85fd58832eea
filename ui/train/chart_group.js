// Charts that share their steps: pointing at one shows the same step in all, with its numbers in their legends.

import { html } from "../editor/dom.js";
import { number } from "./numbers.js";
import { lineChart } from "./linechart.js";
import { valueAt } from "./curves.js";

export class ChartGroup {
  constructor() {
    this._charts = [];
    this._step = null;
  }

  // A chart with its legend. `specOf()` gives `title`, `note`, `height` and what lineChart draws, or null where there is
  // nothing to draw; lines with a `word` or a `mark` stand in the legend.
  add(specOf, ...controls) {
    const title = html("h3");
    const note = html("span", { class: "note" });
    const legend = html("ul", { class: "legend" });
    const place = html("div", { class: "plot" });
    const node = html("figure", { class: "chart" }, html("figcaption", {}, title, note, controls, legend), place);
    const chart = { specOf, title, note, legend, place, node, spec: null, drawn: null };
    place.addEventListener("pointermove", (event) => chart.drawn && this._point(chart.drawn.stepAt(event.clientX)));
    place.addEventListener("pointerleave", () => this._point(null));
    this._charts.push(chart);
    return node;
  }

  draw() {
    for (const chart of this._charts) {
      const spec = chart.specOf();
      chart.node.hidden = spec === null;
      if (!spec) continue;
      chart.spec = spec;
      chart.title.textContent = spec.title;
      chart.note.textContent = spec.note || "";
      chart.drawn = lineChart({ ...spec, width: Math.max(240, chart.place.clientWidth) });
      chart.place.replaceChildren(chart.drawn.node);
    }
    this._point(this._step);
  }

  _point(step) {
    this._step = step;
    for (const { spec, drawn, legend, node } of this._charts) {
      if (!drawn || node.hidden) continue;
      drawn.point(step);
      const shown = spec.lines.filter((line) => line.word || line.mark);
      legend.replaceChildren(
        ...shown.map((line) => legendItem(line, spec, step)),
        ...spec.rules.filter((rule) => rule.word).map((rule) => legendItem({ ...rule, points: [] }, spec, step)),
        ...(step === null ? [] : [html("li", { class: "at c-num" }, `step ${number(step)}`)]),
      );
    }
  }
}

// A line's name with its newest number, or that at the step.
function legendItem({ tone, name, word, points, thin, value, mark }, spec, step) {
  const found = points.length ? valueAt(points, step ?? Infinity) : null;
  const shown = found ? found[1] : value;
  const kind = value === undefined ? (thin ? "key thin" : "key") : "key dotted";
  return html(
    "li",
    { title: name },
    html("i", { class: `${mark ? "badge" : kind} ${tone}` }, mark),
    word,
    shown !== undefined && html("b", { class: "c-num" }, spec.read(shown)),
  );
}
