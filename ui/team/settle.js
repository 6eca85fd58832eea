// One figure that two have read: what they see differently, side by side, and whom to follow in each difference.

import { html, isTyping } from "../editor/dom.js";
import { countText, timeText } from "../editor/wording.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { drawVersion, viewOf } from "../sync/pictures.js";
import { changedFields, fieldsOf, titleOf, wordsSince } from "../sync/versions.js";
import { areNamed, name, readersOf } from "./names.js";
import { reviewHref, settleHref, teamHref } from "./where.js";

const SIDES = ["first", "second"];
const OTHER = { first: "second", second: "first" };
const WORDY = new Set(["caption", "clause", "summary", "description"]);
const KEYS = [
  ["f", "first is right"],
  ["s", "second is right"],
  ["n", "next"],
  ["p", "previous"],
  ["w", "whole figure"],
  ["Enter", "settle"],
];

export class Settle {
  // `does`: {say(sentence, tone, href), goTo(href), changed()}
  constructor(server, does) {
    this._server = server;
    this._does = does;
    this._turn = 0;
    this._busy = false;
    this._answer = null;
    this._title = html("h2", {});
    this._id = html("span", { class: "soft" });
    this._named = html("input", {
      type: "checkbox",
      onchange: () => {
        name(this._named.checked);
        this._draw();
      },
    });
    this._review = html("a", {}, "Review");
    this._away = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._list = html("ol", { "aria-label": "Differences of this figure" });
    this._left = html("p", { class: "soft" });
    this._all = html("div", { class: "both" });
    this._go = html("button", { type: "button", class: "c-button primary", "data-right": "team", onclick: () => this._settle() }, "Settle", html("kbd", {}, "Enter"));
    this._sides = html("div", { class: "sides", "data-columns": "2" });
    this._fields = html("div", { class: "fields" });
    this._alike = html("p", { class: "alike" });
    this._keys = html("p", { class: "soft keys" }, ...KEYS.flatMap(([key, text]) => [html("kbd", {}, key), ` ${text}   `]));
    this._body = html(
      "div",
      { class: "odds" },
      html("nav", { class: "of" }, this._list, html("div", { class: "all" }, this._all, this._left, this._go)),
      html("div", { class: "versions" }, this._alike, this._sides, this._fields, this._keys),
    );
    this.node = html(
      "div",
      { class: "conflict settle" },
      html(
        "header",
        {},
        html("a", { class: "c-button", href: teamHref }, "‹ Team"),
        this._title,
        this._id,
        html("span", { class: "grow" }),
        html("label", { class: "named", title: "Without names nobody is followed for who they are" }, this._named, "Names"),
        this._review,
      ),
      this._away,
      this._body,
    );
    document.addEventListener("keydown", (event) => this._pressed(event));
  }

  async show(figureId) {
    const mine = ++this._turn;
    const again = this._answer && this._answer.figure_id === figureId;
    if (!again) {
      this._answer = null;
      this._body.hidden = true;
      this._title.textContent = figureId;
      this._id.textContent = "";
    }
    this._review.href = reviewHref(figureId);
    try {
      const answer = await ask(this._server, "team_differences", { figure_id: figureId });
      if (mine !== this._turn) return;
      const known = again && this._answer.revision === answer.revision;
      this._answer = answer;
      this._rows = answer.state_key ? [stateRow(answer)] : answer.differences.map((one) => ({ ...one, kind: "node" }));
      if (!known) {
        this._choices = new Map();
        this._at = 0;
        this._whole = false;
      }
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      this._answer = null;
      this._body.hidden = true;
      say(this._away, error.message);
      return;
    }
    say(this._away, "");
    this._draw();
  }

  get _isOpen() {
    return this._answer && !this._answer.settled_at;
  }

  get _shown() {
    return this._rows[this._at];
  }

  _draw() {
    if (!this._answer) return;
    const { figure_id: figureId, label, settled_at: settledAt } = this._answer;
    this._body.hidden = false;
    this._named.checked = areNamed();
    this._title.textContent = label || figureId;
    this._id.textContent = label ? figureId : "";
    this._readers = Object.fromEntries(readersOf(this._answer).map((reader, index) => [SIDES[index], reader]));
    this._list.replaceChildren(...this._rows.map((row, index) => this._entry(row, index)));
    const chosen = this._choices.size;
    this._left.textContent = settledAt
      ? `Settled ${timeText(settledAt)}`
      : this._rows.length
        ? `${chosen} of ${this._rows.length} chosen`
        : "No difference";
    this._go.hidden = !this._isOpen;
    this._go.disabled = this._busy || chosen < this._rows.length;
    this._all.hidden = !this._isOpen || this._rows.length < 2;
    this._all.replaceChildren(
      ...SIDES.map((side) =>
        html("button", { type: "button", class: "c-button", "data-right": "team", disabled: this._busy, title: side === "first" ? "Shift+F" : "Shift+S", onclick: () => this._chooseAll(side) }, `${this._readers[side]} for all`),
      ),
    );
    this._alike.hidden = this._rows.length > 0;
    const agreed = this._answer.agreed.length;
    this._alike.textContent = agreed ? `Both readers see ${agreed === 1 ? "one box" : `${agreed} boxes`} alike.` : "Both readers came to the same end.";
    this._drawShown();
  }

  _entry(row, index) {
    const chosen = this._choices.get(row.key);
    const open = html(
      "button",
      { type: "button", "data-key": row.key, "data-chosen": chosen || "none", onclick: () => this._goTo(index) },
      html("i", { "aria-label": chosen ? `${this._readers[chosen]} chosen` : "open" }),
      html("span", {}, titleOf({ ...row, base: null, ours: row.first, theirs: row.second }), html("small", {}, this._whatOf(row))),
    );
    if (index === this._at) open.setAttribute("aria-current", "true");
    return html("li", {}, open);
  }

  _whatOf(row) {
    if (row.kind === "state") return "accepted by one, skipped by the other";
    if (row.first && row.second) return row.fields.join(", ");
    const side = row.first ? "first" : "second";
    return `only ${areNamed() ? this._readers[side] : `the ${side}`} has it`;
  }

  _drawShown() {
    const row = this._shown;
    const boxes = row && row.kind === "node" ? SIDES.flatMap((side) => (row[side] ? [row[side].box_xyxy] : [])) : [];
    const figure = { id: this._answer.figure_id, width: this._answer.image_wh[0], height: this._answer.image_wh[1] };
    const view = viewOf(figure, boxes, this._whole);
    this._sides.replaceChildren(...SIDES.map((side, index) => this._side(side, index, figure, view)));
    this._keys.hidden = !this._isOpen;
    this._drawFields();
  }

  _side(side, index, figure, view) {
    const row = this._shown;
    const isState = row && row.kind === "state";
    const node = row && !isState ? row[side] : null;
    const before = row && !isState ? row[OTHER[side]] : null;
    const nodes = [
      ...this._answer.agreed.map((pair) => pair[index]),
      ...this._rows.flatMap((one) => (one !== row && one.kind === "node" && one[side] ? [one[side]] : [])),
    ].map((one) => ({ box: one.box_xyxy }));
    const picture = isState
      ? html("div", { class: "plain" }, html("p", {}, `The figure was ${row[side].filter(Boolean).join(": ")}.`))
      : drawVersion(figure, view, { node, before, nodes, tone: side });
    const chosen = row && this._choices.get(row.key) === side;
    return html(
      "section",
      { "data-side": side, "data-chosen": String(Boolean(chosen)) },
      html("header", {}, html("b", {}, this._readers[side]), html("span", { class: "soft" }, areNamed() ? `read ${side}` : "reader")),
      html("div", { class: "frame" }, picture, row && !isState && !node && html("span", { class: "gone" }, "has no such box")),
      row && this._isOpen
        ? html(
            "button",
            { type: "button", class: "c-button keep", "data-right": "team", "aria-pressed": String(Boolean(chosen)), disabled: this._busy, onclick: () => this._choose(side) },
            chosen ? "Chosen" : "This is right",
            html("kbd", {}, side[0]),
          )
        : "",
    );
  }

  _drawFields() {
    const row = this._shown;
    this._fields.hidden = !row || row.kind === "state";
    if (this._fields.hidden) return;
    const fields = SIDES.map((side) => fieldsOf("node", row[side], this._answer.caption));
    const names = changedFields(fields).filter((field) => field !== "review");
    const cell = (index, field) => {
      if (fields[index] === null) return html("td", { class: "none" }, "has no such box");
      const text = fields[index][field] ?? "";
      const other = fields[1 - index] === null ? "" : (fields[1 - index][field] ?? "");
      if (field === "outline") return html("td", {}, text ? countText(text.split(" ").length, "point") : html("i", {}, "none"));
      if (!text) return html("td", {}, html("i", {}, "none"));
      if (!WORDY.has(field) || fields[1 - index] === null) return html("td", {}, text);
      const parts = wordsSince(other, text).filter(([, what]) => what !== "gone");
      return html("td", {}, ...parts.map(([part, what]) => (what === "same" ? part : html("ins", {}, part))));
    };
    this._fields.replaceChildren(
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, html("th", {}), ...SIDES.map((side) => html("th", { scope: "col" }, this._readers[side])))),
        html("tbody", {}, ...names.map((field) => html("tr", { "data-field": field }, html("th", { scope: "row" }, field), cell(0, field), cell(1, field)))),
      ),
    );
  }

  _goTo(index) {
    this._at = index;
    this._draw();
    const current = this._list.querySelector("[aria-current]");
    if (current) current.scrollIntoView({ block: "nearest" });
  }

  _step(by) {
    if (this._rows.length) this._goTo((this._at + by + this._rows.length) % this._rows.length);
  }

  // Follows one reader here, and goes on to what is open still.
  _choose(side) {
    if (this._busy || !this._isOpen || !this._shown) return;
    this._choices.set(this._shown.key, side);
    const order = [...this._rows.keys()].map((index) => (this._at + 1 + index) % this._rows.length);
    const next = order.find((index) => !this._choices.has(this._rows[index].key));
    this._goTo(next === undefined ? this._at : next);
  }

  _chooseAll(side) {
    if (this._busy || !this._isOpen) return;
    for (const row of this._rows) this._choices.set(row.key, side);
    this._draw();
  }

  async _settle() {
    if (this._busy || !this._isOpen || this._choices.size < this._rows.length) return;
    this._busy = true;
    const { figure_id: figureId, revision } = this._answer;
    const choices = Object.fromEntries(this._choices); // what is pressed from here on is meant for the next figure
    this._draw();
    try {
      const next = await this._next(figureId);
      await ask(this._server, "team_settle", { figure_id: figureId, revision, choices });
      this._answer = null;
      this._does.say("Settled. Undo in Review takes it back.", "good", reviewHref(figureId));
      this._does.goTo(next ? settleHref(next) : teamHref);
      this._does.changed();
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      say(this._away, error.message);
    } finally {
      this._busy = false;
      this._draw();
    }
  }

  // The figure that waits after this one.
  async _next(figureId) {
    const { readings } = await ask(this._server, "team_readings", { settled: false });
    const ids = readings.map((one) => one.figure_id);
    const others = [...ids.slice(ids.indexOf(figureId) + 1), ...ids].filter((id) => id !== figureId);
    return others[0] || null;
  }

  _pressed(event) {
    if (!this.node.isConnected || this.node.offsetParent === null || isTyping(event.target) || !this._answer) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target.closest && event.target.closest("a, button")) return; // presses it
    const does = {
      f: () => this._choose("first"),
      s: () => this._choose("second"),
      F: () => this._chooseAll("first"),
      S: () => this._chooseAll("second"),
      n: () => this._step(1),
      p: () => this._step(-1),
      w: () => {
        this._whole = !this._whole;
        this._drawShown();
      },
      Enter: () => this._settle(),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
}

const stateRow = ({ state_key: key, first_state: first, first_reason: why, second_state: second, second_reason: otherWhy }) => ({
  key,
  kind: "state",
  first: [first, why],
  second: [second, otherWhy],
});
