// Who has what: a row a person.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { allOfHref } from "./where.js";
import { twice } from "./twice.js";

export class People {
  // `does`: {takeBack(who)}
  constructor(does) {
    this._does = does;
    this._body = html("tbody", {});
    this._table = html(
      "table",
      { class: "loads" },
      html(
        "thead",
        {},
        html("tr", {}, ...["Curator", "Reviewed", "", "Second readings", ""].map((name) => html("th", { scope: "col" }, name))),
      ),
      this._body,
    );
    this._none = html("p", { class: "soft" });
    this._sum = html("span", { class: "soft" });
    this.node = html(
      "section",
      { class: "c-card people" },
      html("header", {}, html("h2", {}, "Who has what"), html("span", { class: "grow" }), this._sum),
      html("div", { class: "wide" }, this._table),
      this._none,
    );
  }

  show({ you, workloads, open }) {
    this._sum.textContent = `${countText(open, "figure")} to review in all`;
    this._table.hidden = !workloads.length;
    this._none.hidden = Boolean(workloads.length);
    this._none.textContent = "Nobody was given anything: everybody reviews from one queue.";
    this._body.replaceChildren(...workloads.map((load) => this._row(load, you)));
  }

  _row({ who, assigned, done, second_waiting: waiting, second_begun: begun, second_later: later }, you) {
    const share = assigned ? done / assigned : 0;
    const second = [
      [waiting, "to begin"],
      [begun, "begun"],
      [later, "later"],
    ]
      .filter(([count]) => count)
      .map(([count, what]) => `${count.toLocaleString("en")} ${what}`)
      .join(", ");
    return html(
      "tr",
      { "data-who": who },
      html("th", { scope: "row" }, html("a", { href: allOfHref(who), title: `${who}’s figures in the queue` }, who), who === you && html("span", { class: "soft" }, " you")),
      html(
        "td",
        { class: "bar" },
        assigned > 0 && html(
          "span",
          { class: "meter", role: "meter", "aria-label": `Reviewed by ${who}`, "aria-valuemin": 0, "aria-valuemax": assigned, "aria-valuenow": done },
          html("i", { style: `width: ${(100 * share).toFixed(1)}%` }),
        ),
      ),
      html("td", { class: "n" }, assigned ? `${done.toLocaleString("en")} of ${assigned.toLocaleString("en")}` : "none given"),
      html("td", {}, second || html("span", { class: "soft" }, "none")),
      html(
        "td",
        { class: "does" },
        assigned > done
          ? twice("Take back", `Take ${(assigned - done).toLocaleString("en")} back?`, () => this._does.takeBack(who), {
              "data-right": "team",
              title: "What is still open goes back to everybody’s queue",
            })
          : "",
      ),
    );
  }
}
