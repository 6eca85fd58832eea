// The curves of one run: loss of all levels over each other, retrieval one chart a level.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { LEVELS, percent } from "./numbers.js";
import { ChartGroup } from "./chart_group.js";
import { lossPoints, lossRange, poolOf, recallPoints, smoothed, stageBands } from "./curves.js";

const LOSS_HEIGHT = 190;
const RETRIEVAL_HEIGHT = 180;

export class RunCharts {
  constructor() {
    this._group = new ChartGroup();
    this._part = html("select", { class: "c-field", "aria-label": "Part of the loss", onchange: () => this._group.draw() });
    this._answer = null;
    this._empty = html("p", { class: "waiting" });
    this._retrieval = html("div", { class: "levels" });
    this.node = html("div", { class: "curves" });
    const loss = this._group.add(() => this._lossSpec(), this._part);
    const levels = LEVELS.map((level) => this._group.add(() => this._retrievalSpec(level)));
    this._retrieval.append(...levels);
    this.node.append(html("section", { class: "panel", "aria-label": "Loss" }, this._empty, loss));
    this._retrievalPanel = html(
      "section",
      { class: "panel", "aria-label": "Retrieval" },
      html("header", {}, html("h2", {}, "Retrieval on figures that are not trained on"), html("p", {}, "mean of picture to text and text to picture")),
      this._retrieval,
    );
    this.node.append(this._retrievalPanel);
  }

  // Draws the newest numbers of a run.
  show(answer, history) {
    this._answer = answer;
    this._history = history;
    this._fillParts(history.parts);
    const { run } = answer;
    this._empty.hidden = history.loss.length > 0;
    this._empty.textContent = { exporting: "The data are being frozen.", starting: "The model is being made." }[run.state] || "No step was done yet.";
    this._retrievalPanel.hidden = !history.retrieval.length;
    this.redraw();
  }

  redraw() {
    if (this._answer) this._group.draw();
  }

  _fillParts(parts) {
    const names = ["", ...parts];
    if (names.length === this._part.options.length) return;
    const chosen = this._part.value;
    this._part.replaceChildren(...names.map((name) => html("option", { value: name }, name ? name.replaceAll("_", " ") : "total")));
    this._part.value = names.includes(chosen) ? chosen : "";
  }

  get _bands() {
    const { config, run } = this._answer;
    return config?.stages ? stageBands(config.stages, run.steps) : [];
  }

  _lossSpec() {
    const part = this._part.value;
    const found = LEVELS.map((level) => ({ level, points: lossPoints(this._history, level.key, part) })).filter(
      ({ points }) => points.length,
    );
    if (!found.length && !this._history.loss.length) return null;
    const lines = found.flatMap(({ level, points }) => {
      const smooth = smoothed(points);
      return [
        { tone: level.key, points, faint: true },
        { tone: level.key, points: smooth, word: level.name },
      ];
    });
    const { run } = this._answer;
    return {
      title: "Loss",
      note: "smoothed, with each step behind it",
      label: `Loss by step. ${lines.filter((line) => line.word).map((line) => `${line.word} ${newest(line.points).toFixed(2)}`).join(", ")}`,
      height: LOSS_HEIGHT,
      steps: run.steps,
      lines,
      rules: [],
      bands: this._bands,
      best: run.best_step || null,
      ...lossRange(lines),
      format: (value) => String(Number(value.toPrecision(3))),
      read: (value) => value.toFixed(3),
    };
  }

  _retrievalSpec(level) {
    const pool = poolOf(this._history, level.key);
    if (!pool) return null;
    const { run } = this._answer;
    const first = recallPoints(this._history, level.key, 1);
    const ten = recallPoints(this._history, level.key, 10);
    return {
      title: level.many,
      note: `pool ${countText(pool.pool_a, "picture")}, ${countText(pool.pool_b, "text")}`,
      label: `Retrieval of ${level.many.toLowerCase()} by step: R@1 ${percent(newest(first))}, R@10 ${percent(newest(ten))}, chance of R@1 ${percent(pool.chance)}`,
      height: RETRIEVAL_HEIGHT,
      steps: run.steps,
      lines: [
        { tone: level.key, points: first, dots: true, word: "R@1" },
        { tone: level.key, points: ten, thin: true, dots: true, word: "R@10" },
      ],
      rules: [{ tone: "", value: pool.chance, word: "chance", title: `chance of R@1: ${percent(pool.chance)}` }],
      bands: this._bands,
      best: run.best_step || null,
      low: 0,
      high: 1,
      format: (value) => `${Math.round(100 * value)}%`,
      read: percent,
    };
  }
}

const newest = (points) => points[points.length - 1][1];
