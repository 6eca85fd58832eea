// What waits for whoever uses the page: figures that were given, and second readings.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { allOfHref, openOfHref } from "./where.js";
import { twice } from "./twice.js";

const SHOWN = 8; // guess: a person reads one after the other

export class Yours {
  // `does`: {begin(figureId), giveUp(figureId)}
  constructor(does) {
    this._does = does;
    this._given = html("p", { class: "given" });
    this._list = html("ol", { class: "rows", "aria-label": "Your second readings" });
    this._more = html("p", { class: "soft" });
    this.node = html(
      "section",
      { class: "c-card yours" },
      html("header", {}, html("h2", {}, "For you")),
      this._given,
      this._list,
      this._more,
    );
  }

  show({ you, workloads, second }) {
    const mine = workloads.find((one) => one.who === you) || { assigned: 0, done: 0 };
    const open = mine.assigned - mine.done;
    this._given.replaceChildren(
      html(
        "span",
        {},
        mine.assigned ? `${open.toLocaleString("en")} of ${countText(mine.assigned, "figure")} open` : "No figure was given to you.",
      ),
      html("span", { class: "grow" }),
      mine.assigned ? html("a", { class: "c-button", href: allOfHref(you) }, "All of mine") : "",
      open ? html("a", { class: "c-button primary", href: openOfHref(you) }, "Review only mine") : "",
    );
    this._list.replaceChildren(...second.slice(0, SHOWN).map((one) => this._row(one)));
    const more = second.length - SHOWN;
    this._more.textContent = !second.length
      ? "No second reading waits for you."
      : more > 0
        ? `and ${countText(more, "more second reading")}`
        : "";
    this._more.hidden = !this._more.textContent;
  }

  _row({ figure_id: figureId, label, begun }) {
    return html(
      "li",
      { "data-figure": figureId },
      html("img", { src: `/thumbnail/${encodeURIComponent(figureId)}`, alt: "", loading: "lazy" }),
      html("span", { class: "name" }, html("b", {}, label || figureId), html("small", { title: figureId }, figureId)),
      html("span", { class: "c-chip" }, begun ? "begun" : "second reading"),
      html("span", { class: "grow" }),
      begun && twice("Give up", "Give it up? Your changes go", () => this._does.giveUp(figureId)),
      html("button", { type: "button", class: "c-button", onclick: () => this._does.begin(figureId) }, begun ? "Go on" : "Begin"),
    );
  }
}
