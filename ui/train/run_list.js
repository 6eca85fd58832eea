// The runs of the project, newest first: which one is shown, and which are picked to be compared.

import { html } from "../editor/dom.js";
import { timeText } from "../editor/wording.js";
import { compareHref, goTo, newHref, runHref } from "./address.js";
import { percent } from "./numbers.js";
import { doneShare, isAlive, stateText, tone } from "./states.js";

const MOST = 4; // runs whose curves can still be told apart

export class RunList {
  constructor() {
    this._rows = new Map();
    this._picked = new Set();
    this._list = html("ul", { "aria-label": "Runs" });
    this._none = html(
      "p",
      { class: "soft none" },
      html("b", {}, "No run yet"),
      "Choose what to train on and press Train: its curves, and what it has learned, will be here.",
    );
    this._new = html("a", { class: "c-button new", href: newHref }, "New run");
    this._compare = html("button", { type: "button", class: "c-button", onclick: () => goTo(compareHref(this.picked)) });
    this._hint = html("p", { class: "soft" });
    this._foot = html("div", { class: "foot" }, this._compare, this._hint);
    this.node = html(
      "nav",
      { class: "rail", "aria-label": "Runs" },
      html("header", {}, html("h2", {}, "Runs"), this._new),
      html("div", { class: "scroll" }, this._none, this._list),
      this._foot,
    );
  }

  get picked() {
    return [...this._rows.keys()].filter((name) => this._picked.has(name));
  }

  // `shown`: names of the runs that the page shows now.
  show(runs, shown, isNew) {
    const known = new Map(runs.map((run) => [run.name, run]));
    for (const name of [...this._rows.keys()]) if (!known.has(name)) this._drop(name);
    // in the order of the runs; rows that stay keep their focus
    const rows = runs.map((run) => this._rowOf(run));
    this._rows = new Map(runs.map((run, index) => [run.name, rows[index]]));
    rows.forEach((row, index) => {
      if (this._list.children[index] !== row.node) this._list.insertBefore(row.node, this._list.children[index] || null);
      row.update(runs[index], shown.includes(runs[index].name));
    });
    this._none.hidden = runs.length > 0;
    this._new.toggleAttribute("aria-current", isNew);
    if (isNew) this._new.setAttribute("aria-current", "page");
    this._tellPicked();
  }

  // Picks exactly these, as an address of a comparison says.
  pick(names) {
    this._picked = new Set(names);
    for (const [name, row] of this._rows) row.pick.checked = this._picked.has(name);
    this._tellPicked();
  }

  _drop(name) {
    this._rows.get(name).node.remove();
    this._rows.delete(name);
    this._picked.delete(name);
  }

  _tellPicked() {
    const count = this.picked.length;
    this._foot.hidden = this._rows.size < 2;
    this._compare.disabled = count < 2;
    this._compare.textContent = count < 2 ? "Compare" : `Compare ${count} runs`;
    this._hint.textContent = count < 2 ? "Tick two to four runs" : "";
    for (const [name, row] of this._rows) row.pick.disabled = count >= MOST && !this._picked.has(name);
  }

  _rowOf({ name }) {
    const before = this._rows.get(name);
    if (before) return before;
    const pick = html("input", {
      type: "checkbox",
      checked: this._picked.has(name),
      "aria-label": `Compare ${name}`,
      onchange: () => {
        if (pick.checked) this._picked.add(name);
        else this._picked.delete(name);
        this._tellPicked();
      },
    });
    const state = html("span", { class: "c-chip" });
    const use = html("span", { class: "c-chip use", hidden: true }, "in use");
    const what = html("span", { class: "soft" });
    const score = html("span", { class: "c-num score", title: "Mean of R@1 and R@10 over levels and directions" });
    const bar = html("i");
    const link = html(
      "a",
      { href: runHref(name) },
      html("b", { title: name }, name),
      html("span", { class: "line" }, state, use, score),
      html("span", { class: "line" }, what),
      html("span", { class: "meter" }, bar),
    );
    const node = html("li", {}, pick, link);
    const update = (run, isShown) => {
      node.dataset.shown = String(isShown);
      if (isShown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      state.textContent = stateText(run);
      state.dataset.tone = tone(run);
      use.hidden = !run.in_use;
      what.textContent = `${run.preset} · ${timeText(run.started_at)}`;
      score.textContent = run.score === null ? "" : percent(run.score);
      bar.parentElement.hidden = !isAlive(run);
      bar.style.width = `${100 * doneShare(run)}%`;
    };
    return { node, pick, update };
  }
}
