// Compare: the figure as it stands at the left, what another mining proposed at the right, one view on both.

import { button, html, svg } from "./dom.js";
import { icon } from "./icons.js";
import { call } from "./calls.js";
import { Canvas } from "./canvas.js";
import { Pointer } from "./pointer.js";
import { Viewport } from "./viewport.js";
import { State } from "./state.js";
import { Drawer } from "./drawer.js";
import { nameOf } from "./figure.js";
import { LEVEL_NAMES, differencesOf, huesOf } from "./differences.js";
import { confidenceText } from "./confidence.js";
import { minerName, timeText } from "./wording.js";

const KINDS = [
  ["only-left", "only now"],
  ["only-right", "only new"],
  ["moved", "moved"],
  ["changed", "other words"],
  ["rejected", "rejected before"],
];
const COLUMNS = KINDS.slice(0, 4);

export class Compare {
  // `does`: {adopt(miningId, levels) -> whether it was, say(text, kind, action), figures}
  constructor(server, state, canvas, does) {
    this._server = server;
    this._state = state;
    this._left = canvas;
    this._does = does;
    this._mining = null;
    this._found = null;
    this._there = new State();
    this._there.set({ readOnly: "a proposal" });
    this._right = new Canvas(this._there, { image: (id) => this._picture(id), forgetImage: () => null });
    this._right.element.setAttribute("aria-label", "The other proposal. It moves with the figure at its left.");
    this._pointer = new Pointer(this._there, this._right, () => false);
    this._nameOfRight = html("b", {});
    this.right = html("div", { class: "rv-there", hidden: true }, this._right.element);
    this.left = html("div", { class: "rv-side", hidden: true }, html("b", {}, "Now"));
    this._right.element.append(html("div", { class: "rv-side" }, this._nameOfRight));
    canvas.element.append(this.left);
    this._boxes = new Map(
      Object.keys(LEVEL_NAMES).map((level) => [
        level,
        html("input", { type: "checkbox", checked: true, onchange: () => this._drawAdopt() }),
      ]),
    );
    this._table = html("table", { class: "rv-counts" });
    this._note = html("p", { class: "rv-quiet" });
    this._adopt = button(
      "Replace the open proposals of the chosen levels (y)",
      { class: "c-button primary", "data-right": "adopt", onclick: () => this.adopt() },
      icon("check"),
      html("span", {}, "Adopt"),
      html("kbd", {}, "y"),
    );
    this._list = html("ul", { class: "rv-diffs", "aria-label": "Differences" });
    this.drawer = new Drawer("Compare", "compare", () => this._leave());
    this.drawer.body.append(
      html("p", { class: "rv-versus" }, (this._versus = html("span", {}))),
      this._table,
      this._note,
      html("div", { class: "rv-actions" }, this._adopt),
      html("h3", {}, "Differences"),
      this._list,
      legend(),
    );
    state.on(["figure"], () => this._followFigure());
    state.on(["selectedId"], () => this._light("left"));
    this._there.on(["selectedId"], () => this._light("right"));
    state.on(["hidden", "showMarks"], () => this._there.set({ hidden: state.hidden, showMarks: state.showMarks }));
  }

  get isOpen() {
    return this._mining !== null;
  }

  async open(miningId) {
    const { mining } = await call(this._server, "mining", { mining_id: miningId });
    const { figure } = this._state;
    if (!figure || mining.figure_id !== figure.id) return;
    this._mining = mining;
    this.right.hidden = this.left.hidden = false;
    this._nameOfRight.textContent = minerName(mining);
    this._versus.textContent = `${minerName(mining)}, ${timeText(mining.at)}`;
    for (const box of this._boxes.values()) box.checked = true;
    this._right.view = this._left.view; // one view: what moves the one moves the other
    this._right.onView = () => this._left.moved();
    this._draw();
    this._left.classesOf = (node) => this._classes("left", node);
    this._right.classesOf = (node) => this._classes("right", node);
    this.drawer.open();
    this._left.draw();
  }

  // After each change of the view on the left.
  moved() {
    if (this.isOpen) this._right.draw();
  }

  adopt() {
    if (!this.isOpen || this._adopt.disabled) return;
    const levels = this._chosen();
    const name = minerName(this._mining);
    if (!this._does.adopt(this._mining.id, levels)) return;
    const what = levels.map((level) => LEVEL_NAMES[level].toLowerCase()).join(", ");
    this.drawer.close();
    this._does.say(`Adopted from ${name}: ${what}.`);
  }

  _chosen() {
    return [...this._boxes].filter(([, box]) => box.checked && !box.disabled).map(([level]) => level);
  }

  _leave() {
    this._mining = this._found = null;
    this.right.hidden = this.left.hidden = true;
    this._left.classesOf = this._right.classesOf = () => [];
    this._right.onView = () => null;
    this._right.view = new Viewport();
    this._there.set({ figure: null, selectedId: null });
    this._left.draw();
  }

  _picture(id) {
    const { image, ready } = this._does.figures.image(id);
    return { image: image.cloneNode(), ready };
  }

  _followFigure() {
    if (!this.isOpen || !this._state.figure) return;
    if (this._state.figure.id !== this._mining.figure_id) this.drawer.close();
    else this._draw();
  }

  _draw() {
    const { figure } = this._state;
    const proposed = { ...figure, nodes: this._mining.nodes, shared: this._mining.shared, flags: this._mining.flags };
    this._found = differencesOf(figure, proposed);
    this._there.set({ figure: { ...proposed, hues: huesOf(figure, this._found) } });
    this._drawTable();
    this._drawList(figure);
    const decided = figure.nodes.filter((node) => node.state !== "proposed").length;
    const stays = decided ? `What was decided stays: ${decided} of ${figure.nodes.length} boxes. ` : "";
    this._note.textContent = `${stays}The open proposals of the chosen levels are replaced; undo brings them back.`;
    this._drawAdopt();
  }

  _drawTable() {
    const { counts } = this._found;
    const heads = [
      ...["Now", "New"].map((title) => html("th", { scope: "col" }, title)),
      ...COLUMNS.map(([kind, title]) => html("th", { scope: "col", "aria-label": title, title }, sample(kind))),
    ];
    this._table.replaceChildren(
      html("thead", {}, html("tr", {}, html("td", {}), heads)),
      html(
        "tbody",
        {},
        ...Object.entries(LEVEL_NAMES).map(([level, title]) => {
          const of = counts[level];
          const numbers = [of.left, of.right, ...COLUMNS.map(([kind]) => of[kind])];
          return html(
            "tr",
            { "data-level": level },
            html("th", { scope: "row" }, html("label", { class: "rv-check" }, this._boxes.get(level), title)),
            ...numbers.map((number, index) => {
              const kind = index > 1 ? COLUMNS[index - 2][0] : null;
              return html("td", { class: "c-num", "data-count": kind, "data-none": !number }, String(number));
            }),
          );
        }),
      ),
    );
  }

  _drawList(figure) {
    const rows = this._found.rows.filter((row) => row.kind !== "same");
    const titles = new Map(KINDS);
    this._list.replaceChildren(
      ...rows.map((row) => {
        const node = row.right || row.left;
        const changes = row.changes.map(({ name, left, right }) => `${name}: ${left || "none"} → ${right || "none"}`);
        const words = (row.kind === "changed" ? changes : [titles.get(row.kind), ...changes]).join(" · ");
        const sure = confidenceText(node.provenance.confidence);
        return html(
          "li",
          { "data-kind": row.kind },
          html(
            "button",
            { type: "button", title: words, onclick: () => this._show(row) },
            sample(row.kind),
            html("b", {}, row.level === "panel" ? `Panel ${nameOf(node)}` : nameOf(node)),
            html("span", {}, words),
            html("span", { class: "sure" }, sure),
          ),
        );
      }),
    );
    if (!rows.length)
      this._list.append(html("li", { class: "rv-quiet" }, `Nothing differs from ${figure.label || "the figure"}.`));
  }

  _drawAdopt() {
    const closed = ["accepted", "skipped"].includes(this._state.figure.state);
    this._adopt.disabled = !this._chosen().length || Boolean(this._state.readOnly) || closed;
    if (closed) this._note.textContent = `The figure is ${this._state.figure.state}: undo that to adopt proposals.`;
  }

  _show(row) {
    this._there.set({ selectedId: row.right && row.right.id });
    this._state.set({ selectedId: row.left && row.left.id });
    this._left.view.reveal((row.right || row.left).box_xyxy);
    this._left.moved();
  }

  // The fellow of what is selected on one side is selected on the other.
  _light(side) {
    if (!this._found) return;
    const [from, to, other] =
      side === "left" ? [this._state, this._there, "right"] : [this._there, this._state, "left"];
    const row = this._found[side].get(from.selectedId);
    if (row) to.set({ selectedId: row[other] && row[other].id });
  }

  _classes(side, node) {
    const row = this._found && this._found[side].get(node.id);
    return row ? ["diff", `diff-${row.kind}`] : [];
  }
}

// A box in the line style of a kind of difference.
function sample(kind) {
  const box = svg("rect", { x: 2, y: 2, width: 22, height: 11, rx: 1, class: "line" });
  const group = svg("g", { class: `rv-node diff-${kind}` }, box);
  return svg("svg", { class: "rv-sample", viewBox: "0 0 26 15", "aria-hidden": "true" }, group);
}

function legend() {
  return html(
    "p",
    { class: "rv-legend" },
    ...[["same", "same"], ...KINDS.slice(0, 4)].map(([kind, title]) => html("span", {}, sample(kind), title)),
  );
}
