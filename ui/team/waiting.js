// Figures that two have read: those that wait to be settled, and those that are.

import { html } from "../editor/dom.js";
import { countText, timeText } from "../editor/wording.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { areNamed, readersOf } from "./names.js";
import { settleHref } from "./where.js";

const PAGE = 50;

export class Waiting {
  // `does`: {settleAgreeing()}
  constructor(server, does) {
    this._server = server;
    this._turn = 0;
    this._settled = false;
    this._rows = [];
    this._which = ["To settle", "Settled"].map((name, index) =>
      html("button", { type: "button", class: "c-button", onclick: () => this._choose(Boolean(index)) }, name),
    );
    this._agreeing = html(
      "button",
      { type: "button", class: "c-button", "data-right": "team", title: "Joins both readings of each figure that has no difference", onclick: async () => {
          this._agreeing.disabled = true; // thousands take some seconds
          await does.settleAgreeing();
          this.draw();
        } },
      "Settle all that agree",
    );
    this._list = html("ol", { class: "rows", "aria-label": "Figures read twice" });
    this._none = html("p", { class: "soft" });
    this._away = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._more = html("button", { type: "button", class: "c-button", hidden: true, onclick: () => this._load(this._rows.length) }, "Show more");
    this.node = html(
      "section",
      { class: "c-card waiting" },
      html("header", {}, html("h2", {}, "Read by two"), html("span", { class: "joined" }, ...this._which), html("span", { class: "grow" }), this._agreeing),
      this._away,
      this._list,
      this._none,
      this._more,
    );
  }

  async show(overview) {
    this._you = overview.you;
    for (const [index, count] of [overview.to_settle, overview.settled].entries()) {
      this._which[index].replaceChildren(["To settle", "Settled"][index], html("b", {}, count.toLocaleString("en")));
    }
    await this._load(0);
  }

  async _choose(settled) {
    this._settled = settled;
    await this._load(0);
  }

  async _load(offset) {
    const mine = ++this._turn;
    try {
      // what is shown stays as long when it is asked for anew
      const limit = offset ? PAGE : Math.max(PAGE, Math.min(this._rows.length, 200));
      const { readings, total } = await ask(this._server, "team_readings", { settled: this._settled, offset, limit });
      if (mine !== this._turn) return;
      this._rows = [...this._rows.slice(0, offset), ...readings];
      this._total = total;
      say(this._away, "");
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine === this._turn) say(this._away, error.message);
      return;
    }
    this.draw();
  }

  draw() {
    this._which.forEach((one, index) => one.setAttribute("aria-pressed", String(this._settled === Boolean(index))));
    this._agreeing.hidden = this._settled;
    this._agreeing.disabled = !this._rows.some((one) => !one.count) && this._rows.length === this._total;
    const seen = JSON.stringify([this._rows, areNamed()]);
    if (seen !== this._seen) this._list.replaceChildren(...this._rows.map((one) => this._row(one)));
    this._seen = seen;
    this._none.hidden = Boolean(this._rows.length);
    this._none.textContent = this._settled ? "No figure was settled yet." : "No figure waits to be settled.";
    this._more.hidden = this._rows.length >= this._total;
  }

  _row(one) {
    const { figure_id: figureId, label, count, state_key: isState, settled_at: settledAt } = one;
    const said = isState ? "accepted or skipped" : count ? countText(count, "difference") : "both alike";
    const by = areNamed() ? readersOf(one).join(", ") : "";
    return html(
      "li",
      { "data-figure": figureId },
      html("img", { src: `/thumbnail/${encodeURIComponent(figureId)}`, alt: "", loading: "lazy" }),
      html("span", { class: "name" }, html("b", {}, label || figureId), html("small", { title: figureId }, figureId)),
      html("span", { class: "c-chip", "data-state": count && !settledAt ? "flags" : "accepted" }, said),
      html("span", { class: "grow" }),
      html("span", { class: "soft by" }, [by, settledAt && timeText(settledAt)].filter(Boolean).join(" · ")),
      html("a", { class: "c-button", href: settleHref(figureId), "data-right": settledAt ? null : "team" }, settledAt || !count ? "See" : "Settle"),
    );
  }
}
