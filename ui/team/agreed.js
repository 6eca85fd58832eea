// How far two readers agree, level by level, with a word for how good that is.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";

const LEVELS = [
  ["panel", "panels"],
  ["marker", "markers"],
  ["region", "regions"],
];
const FEW = 20; // guess: of fewer boxes a number says little
// [from, word, tone]. Kappa: Landis and Koch 1977; the others: guess
const SHARES = [
  [0.9, "high", "good"],
  [0.75, "fair", "middle"],
  [-1, "low", "bad"],
];
const KAPPAS = [
  [0.81, "almost perfect", "good"],
  [0.61, "substantial", "good"],
  [0.41, "moderate", "middle"],
  [0.21, "fair", "bad"],
  [-1, "slight", "bad"],
];

export class Agreed {
  constructor() {
    this._body = html("div", { class: "wide" });
    this._none = html("p", { class: "soft" }, "Nobody’s readings can be compared yet: let two read a share of the figures.");
    this._note = html(
      "p",
      { class: "soft note" },
      "Boxes: F1 at an overlap (IoU) of 0.5. Kinds: Cohen’s kappa, agreement beyond chance. Words: share in common. ",
      "Grey: fewer than 20 boxes.",
    );
    this.node = html("section", { class: "c-card agreed" }, html("header", {}, html("h2", {}, "How far readers agree")), this._body, this._none, this._note);
  }

  show(pairs) {
    this._none.hidden = Boolean(pairs.length);
    this._note.hidden = !pairs.length;
    this._body.hidden = !pairs.length;
    const heads = ["", "Boxes", "Kinds", "Words", "n"];
    this._body.replaceChildren(
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, ...heads.map((name) => html("th", { scope: "col" }, name)))),
        ...pairs.map((pair) => this._pair(pair)),
      ),
    );
  }

  _pair({ first, second, figures, levels }) {
    return html(
      "tbody",
      { "data-pair": `${first} ${second}` },
      html("tr", { class: "pair" }, html("th", { scope: "rowgroup", colspan: 5 }, first, html("span", { class: "soft" }, " read first, "), second, html("span", { class: "soft" }, ` second: ${countText(figures, "figure")}`))),
      ...LEVELS.filter(([level]) => levels[level].first + levels[level].second).map(([level, name]) => {
        const { f1, kappa, text, matched, first: ours, second: theirs, kinds, texts } = levels[level];
        return html(
          "tr",
          { "data-level": level, "data-few": String(Math.max(ours, theirs) < FEW) },
          html("th", { scope: "row" }, name),
          figure(f1, SHARES, `${matched} boxes in common; ${ours} by ${first}, ${theirs} by ${second}`),
          level === "region" ? html("td", { class: "soft" }, "") : figure(kappa, KAPPAS, kinds ? `Of ${countText(kinds, "pair")} of boxes` : "", kinds ? "one kind only" : ""),
          figure(text, SHARES, `Of ${countText(texts, "pair")} of boxes with a text`),
          html("td", { class: "n", title: `${ours} by ${first}, ${theirs} by ${second}, ${matched} in common` }, `${ours} · ${theirs}`),
        );
      }),
    );
  }
}

function figure(value, scale, title, none = "") {
  if (value === null) return html("td", { class: "soft", title: none ? "Chance alone would agree as far: there is no kappa" : "" }, none);
  const [, word, tone] = scale.find(([from]) => value >= from) || scale.at(-1);
  return html("td", { title, "data-tone": tone }, html("b", {}, value.toFixed(2)), html("small", {}, word));
}
