// Two to four runs over each other: their curves on the same axes, and a table of what differs.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { LEVELS, both, number, percent, spanText } from "./numbers.js";
import { runHref } from "./address.js";
import { ChartGroup } from "./chart_group.js";
import { lossPoints, lossRange, poolOf, recallPoints, smoothed } from "./curves.js";
import { configRows, dataRows } from "./facts.js";
import { stateText } from "./states.js";

const HEIGHT = 200;
const KS = [1, 10];
const toneOf = (index) => `run${index + 1}`;

export class ComparePage {
  constructor() {
    this._runs = []; // [{answer, history}]
    this._k = 1;
    this._group = new ChartGroup();
    this._legend = html("ul", { class: "legend runs" });
    this._table = html("div", { class: "table" });
    const retrieval = LEVELS.map((level) => this._group.add(() => this._retrievalSpec(level)));
    const loss = LEVELS.map((level) => this._group.add(() => this._lossSpec(level)));
    this._buttons = KS.map((k) =>
      html("button", { type: "button", class: "c-button", onclick: () => this._choose(k) }, `R@${k}`),
    );
    this.node = html(
      "div",
      { class: "compare" },
      html("section", { class: "panel top", "aria-label": "Compared runs" }, html("header", {}, html("h2", {}, "Compare")), this._legend),
      html(
        "section",
        { class: "panel", "aria-label": "Retrieval" },
        html(
          "header",
          {},
          html("h2", {}, "Retrieval"),
          html("p", {}, "mean of picture to text and text to picture"),
          html("span", { class: "grow" }),
          html("span", { class: "segments", role: "group", "aria-label": "Measure" }, this._buttons),
        ),
        html("div", { class: "levels" }, retrieval),
      ),
      html(
        "section",
        { class: "panel", "aria-label": "Loss" },
        html("header", {}, html("h2", {}, "Loss"), html("p", {}, "smoothed; only equal configurations give comparable losses")),
        html("div", { class: "levels" }, loss),
      ),
      html("section", { class: "panel", "aria-label": "Differences" }, html("header", {}, html("h2", {}, "What differs")), this._table),
    );
    this._tellMeasure();
  }

  show(runs) {
    this._runs = runs;
    this._legend.replaceChildren(
      ...runs.map(({ answer: { run } }, index) =>
        html("li", {}, badge(index), html("a", { href: runHref(run.name) }, run.name), html("span", { class: "soft" }, stateText(run))),
      ),
    );
    this.redraw();
    const table = differenceTable(runs);
    if (this._shownTable !== table.textContent) this._table.replaceChildren(table);
    this._shownTable = table.textContent;
  }

  redraw() {
    this._group.draw();
  }

  _choose(k) {
    this._k = k;
    this._tellMeasure();
    this.redraw();
  }

  _tellMeasure() {
    this._buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(KS[index] === this._k)));
  }

  get _steps() {
    return Math.max(1, ...this._runs.map(({ answer }) => answer.run.steps));
  }

  _lines(pointsOf) {
    return this._runs
      .map(({ history, answer }, index) => ({
        tone: toneOf(index),
        points: pointsOf(history),
        mark: String(index + 1),
        name: answer.run.name,
      }))
      .filter(({ points }) => points.length);
  }

  _retrievalSpec(level) {
    const lines = this._lines((history) => recallPoints(history, level.key, this._k)).map((line) => ({ ...line, dots: true }));
    if (!lines.length) return null;
    const pools = [...new Set(this._runs.map(({ history }) => poolText(history, level.key)).filter(Boolean))];
    return {
      title: level.many,
      note: pools.length === 1 ? `pool ${pools[0]}` : "pools differ: not comparable",
      label: `R@${this._k} of ${level.many.toLowerCase()}: ${lines.map(({ name, points }) => `${name} ${percent(newest(points))}`).join(", ")}`,
      height: HEIGHT,
      steps: this._steps,
      lines,
      rules: [],
      low: 0,
      high: 1,
      format: (value) => `${Math.round(100 * value)}%`,
      read: percent,
    };
  }

  _lossSpec(level) {
    const lines = this._lines((history) => smoothed(lossPoints(history, level.key, "")));
    if (!lines.length) return null;
    return {
      title: level.many,
      label: `Loss of ${level.many.toLowerCase()}: ${lines.map(({ name, points }) => `${name} ${newest(points).toFixed(2)}`).join(", ")}`,
      height: HEIGHT,
      steps: this._steps,
      lines,
      rules: [],
      ...lossRange(lines),
      format: (value) => String(Number(value.toPrecision(3))),
      read: (value) => value.toFixed(3),
    };
  }
}

const newest = (points) => points[points.length - 1][1];
const badge = (index) => html("i", { class: `badge ${toneOf(index)}` }, String(index + 1));

function poolText(history, level) {
  const pool = poolOf(history, level);
  return pool && `${countText(pool.pool_a, "picture")}, ${countText(pool.pool_b, "text")}`;
}

// Rows of the table by part: results always, configuration and data only where runs differ.
export function differenceRows(runs) {
  const answers = runs.map(({ answer }) => answer);
  return [
    ["Results", resultRows(answers)],
    ["Configuration", differing(answers.map(({ config }) => configRows(config)))],
    ["Data", differing(answers.map(({ snapshot }) => dataRows(snapshot)))],
  ];
}

function resultRows(answers) {
  const runs = answers.map(({ run }) => run);
  const rows = [
    { name: "score", values: runs.map((run) => percent(run.score)), numbers: runs.map((run) => run.score) },
    { name: "best at step", values: runs.map((run) => (run.best_step ? number(run.best_step) : "–")) },
    { name: "steps", values: runs.map((run) => `${number(run.step)} of ${number(run.steps)}`) },
    { name: "time", values: runs.map((run) => spanText(run.seconds)) },
  ];
  for (const { key, name } of LEVELS) {
    for (const k of KS) {
      const numbers = answers.map(({ after }) => (after?.[key] ? both(after[key], k) : null));
      if (numbers.every((value) => value === null)) continue;
      const values = answers.map(({ before, after }) => {
        if (!after?.[key]) return "–";
        const start = before?.[key] ? `${percent(both(before[key], k))} → ` : "";
        return start + percent(both(after[key], k));
      });
      rows.push({ name: `${name} R@${k}`, values, numbers });
    }
  }
  return rows;
}

function differing(rowsOfRuns) {
  const names = [...new Set(rowsOfRuns.flatMap((rows) => rows.map(([name]) => name)))];
  const found = rowsOfRuns.map((rows) => new Map(rows));
  return names
    .map((name) => ({ name, values: found.map((rows) => rows.get(name) ?? "–") }))
    .filter(({ values }) => new Set(values).size > 1);
}

function differenceTable(runs) {
  const head = runs.map(({ answer: { run } }, index) => html("th", { scope: "col" }, badge(index), run.name));
  const bodies = differenceRows(runs).map(([title, rows]) =>
    html(
      "tbody",
      {},
      html("tr", { class: "group" }, html("th", { scope: "rowgroup", colspan: runs.length + 1 }, title)),
      rows.map(({ name, values, numbers }) => {
        const most = numbers ? Math.max(...numbers.map((value) => value ?? -1)) : null;
        return html(
          "tr",
          {},
          html("th", { scope: "row" }, name),
          values.map((value, index) =>
            html("td", { class: `c-num${numbers && numbers[index] === most ? " most" : ""}` }, value),
          ),
        );
      }),
      !rows.length && html("tr", {}, html("td", { class: "soft", colspan: runs.length + 1 }, "the same")),
    ),
  );
  return html("table", { class: "differences" }, html("thead", {}, html("tr", {}, html("th", { scope: "col" }, ""), head)), bodies);
}
