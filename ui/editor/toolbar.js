// The bar over the three columns: where one is, tools, levels, zoom, undo, and the three ends of a review.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";
import { LEVELS } from "./state.js";

const TOOLS = [
  ["select", "Select and move (v)", "Select"],
  ["panel", "Draw a panel (p)", "Panel"],
  ["marker", "Draw a marker (m)", "Marker"],
  ["region", "Draw a region (r)", "Region"],
  ["segment", "Point at a thing: click it, or drag a box around it (w)", "Point"],
];

export class Toolbar {
  constructor(state, canvas, actions) {
    this._state = state;
    this._canvas = canvas;
    this._position = html("span", { class: "rv-position c-num" });
    this._why = html("span", { class: "rv-why" });
    this._name = html("b", {});
    this._article = html("span", { class: "rv-article" });
    this._zoom = html("output", { class: "c-num", "aria-label": "Zoom" });
    this._tools = TOOLS.map(([tool, title, text]) =>
      button(
        title,
        { class: "rv-tool", "data-tool": tool, onclick: () => state.set({ tool }) },
        icon(tool),
        html("span", {}, text),
      ),
    );
    this._levels = LEVELS.map((level, index) => this._level(level, index + 1));
    this._undo = button("Undo (Ctrl+Z)", { onclick: actions.undo }, icon("undo"));
    this._redo = button("Redo (Ctrl+Shift+Z)", { onclick: actions.redo }, icon("redo"));
    this._marks = button(
      "Numbers on the boxes (n)",
      { onclick: () => state.set({ showMarks: !state.showMarks }) },
      icon("marks"),
    );
    this._accept = button(
      "Accept the figure with all open proposals, and go on (Shift+A; Enter with nothing selected)",
      { class: "c-button primary", "data-act": "accept", onclick: actions.acceptFigure },
      icon("check"),
      "Accept",
    );
    const tool = (title, name, run) => button(title, { onclick: run }, icon(name));
    this.element = html(
      "header",
      { class: "rv-toolbar", role: "toolbar", "aria-label": "Review" },
      html(
        "div",
        { class: "rv-where" },
        tool("Previous figure (k)", "previous", actions.previous),
        this._position,
        tool("Next figure (j)", "next", actions.next),
        this._name,
        this._article,
      ),
      html("div", { class: "rv-group rv-tools" }, this._tools),
      html(
        "div",
        { class: "rv-group rv-levels", role: "group", "aria-label": "Levels: hide and lock" },
        this._levels,
        this._marks,
      ),
      html(
        "div",
        { class: "rv-group" },
        tool("Zoom out (-)", "minus", () => actions.zoom(1 / 1.25)),
        this._zoom,
        tool("Zoom in (+)", "plus", () => actions.zoom(1.25)),
        tool("Fit (f)", "fit", actions.fit),
      ),
      html("div", { class: "rv-group" }, this._undo, this._redo),
      this._why,
      html("span", { class: "grow" }),
      this._panelButton("agents", "Agents: mine again, compare (g)", "Agents", actions.agents),
      this._panelButton("seen", "What it saw: pictures and words of a model (i)", "What it saw", actions.trace),
      button(
        "Bulk: accept all above a confidence (b)",
        { class: "c-button", "data-act": "bulk", onclick: actions.bulk },
        icon("bulk"),
        html("span", {}, "Bulk"),
      ),
      button(
        "Skip with a reason (s)",
        { class: "c-button", "data-act": "skip", onclick: actions.skip },
        icon("skip"),
        html("span", {}, "Skip"),
      ),
      this._accept,
      button("Keys (?)", { onclick: actions.help }, icon("help")),
    );
    state.on(["tool"], () => this._drawTools());
    state.on(["hidden", "locked", "showMarks"], () => this._drawLevels());
    state.on(["figure", "readOnly"], () => this._drawFigure());
    this._drawTools();
    this._drawLevels();
    this._drawFigure();
  }

  _panelButton(name, title, text, run) {
    return button(title, { class: "c-button", onclick: run }, icon(name), html("span", {}, text));
  }

  _level(level, number) {
    const toggle = (key, title, keys) =>
      button(`${title} ${level}s (${keys}+${number})`, {
        "data-level": level,
        "data-key": key,
        onclick: () => this._state.toggled(key, level),
      });
    const shown = toggle("hidden", "Show or hide", "Alt");
    shown.append(icon("eye"), html("span", {}, level[0].toUpperCase()));
    const locked = toggle("locked", "Lock or unlock", "Alt+Shift");
    locked.append(icon("lock"));
    return html("span", { class: "rv-level" }, shown, locked);
  }

  _drawTools() {
    for (const tool of this._tools) tool.setAttribute("aria-pressed", String(tool.dataset.tool === this._state.tool));
  }

  _drawLevels() {
    for (const control of this.element.querySelectorAll("[data-level]")) {
      const isSet = this._state[control.dataset.key].has(control.dataset.level);
      control.setAttribute("aria-pressed", String(control.dataset.key === "locked" ? isSet : !isSet));
    }
    this._marks.setAttribute("aria-pressed", String(this._state.showMarks));
  }

  _drawFigure() {
    const { figure, readOnly } = this._state;
    const closed = !figure || Boolean(readOnly);
    this._undo.disabled = closed || !figure.undoable;
    this._redo.disabled = closed || !figure.redoable;
    for (const control of this.element.querySelectorAll("[data-act]")) control.disabled = closed;
    if (!figure) return;
    this._name.textContent = this._name.title = figure.label || figure.id;
    this._article.textContent = figure.title || figure.article_id;
    this._article.title = [figure.title, figure.journal, figure.article_id].filter(Boolean).join(" · ");
    this._accept.lastChild.textContent = figure.state === "accepted" ? "Accepted" : "Accept";
  }

  drawZoom() {
    this._zoom.textContent = `${Math.round(this._canvas.view.scale * 100)}%`;
  }

  drawPosition(position) {
    this._position.textContent = position ? `${position.at} of ${position.of}` : "";
    this._why.textContent = this._why.title = position ? position.why : "";
  }
}
