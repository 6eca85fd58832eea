// What each round brought, one row a round.

import { html } from "../editor/dom.js";
import { LEVELS, both, number, percent } from "../train/numbers.js";
import { STAGES, minutes, placeOf } from "./steps.js";

const HEADS = [
  ["Round", ""],
  ["Reviewed", "Figures that curators closed"],
  ["Time", "Of curators, as their pages counted it"],
  ["Edits", "Nodes changed, drawn or taken away"],
  ["Errors mended", "Edits that changed what a node says, drew what was missing or took away what is not there"],
  ["An hour", "Errors mended in an hour of review"],
  ["Untouched", "Figures accepted as they were proposed"],
  ...LEVELS.map(({ many }) => [`R@1 ${many.toLowerCase()}`, "Both directions, on figures that are kept for validation"]),
  ["Mined again", "Figures with better proposals, of those that were mined again"],
];

export class Rounds {
  constructor() {
    this._body = html("tbody");
    this._none = html("p", { class: "soft none" }, "No round yet. What each one brings stands here: reviews, errors mended, retrieval.");
    this._table = html(
      "table",
      {},
      html("thead", {}, html("tr", {}, HEADS.map(([name, title]) => html("th", { scope: "col", title }, name)))),
      this._body,
    );
    this.node = html(
      "section",
      { class: "c-card rounds", "aria-label": "Rounds" },
      html("header", {}, html("h2", {}, "Rounds")),
      html("div", { class: "wide" }, this._table),
      this._none,
    );
  }

  show(rounds) {
    this._table.hidden = rounds.length === 0;
    this._none.hidden = rounds.length > 0;
    this._body.replaceChildren(...rounds.map(row));
  }
}

function row(round) {
  const { work, train, remine } = round;
  const untouched = work.figures ? `${number(work.untouched)} (${percent(work.untouched / work.figures)})` : "–";
  const now = round.ended_at ? "" : STAGES[placeOf(round.stage)].name.toLowerCase();
  const cells = [
    number(work.figures),
    work.seconds ? minutes(work.seconds) : "–",
    number(work.edits),
    number(work.errors),
    work.seconds ? number(Math.round((3600 * work.errors) / work.seconds)) : "–",
    untouched,
  ];
  return html(
    "tr",
    { "data-round": round.id },
    html("th", { scope: "row" }, html("b", {}, String(round.id)), " ", html("time", { datetime: round.begun_at }, round.begun_at.slice(0, 10)), now ? html("span", { class: "c-chip" }, now) : null),
    cells.map((text) => html("td", {}, text)),
    recalls(train),
    html("td", {}, remine && remine.done ? `${number(remine.adopted)} of ${number(remine.done)}` : "–"),
  );
}

function recalls(train) {
  if (train?.skipped) return html("td", { class: "soft", colspan: "3", title: train.skipped }, "not trained");
  return LEVELS.map(({ key }) => {
    const found = train?.retrieval?.[key];
    return html("td", { title: found ? `among ${number(found.pool_a)}` : "" }, found ? percent(both(found, 1)) : "–");
  });
}
