// What would be trained on: verified figures, also open proposals that are surely right, or all open proposals.

import { html } from "../editor/dom.js";
import { LEVELS, number } from "./numbers.js";
import { countText } from "../editor/wording.js";
import { say } from "./said.js";

const SPLITS = ["train", "val", "test"];
const SHOWN = 5; // rows of a list; the rest is summed up

const total = (counts) => Object.values(counts).reduce((sum, n) => sum + n, 0);

const WAYS = { verified: "Verified only", sure: "With sure proposals", all: "With open proposals" };

// Which of the ways a request or a run goes.
export function wayOf({ verified_only: verifiedOnly, sure }) {
  if (verifiedOnly) return "verified";
  return sure ? "sure" : "all";
}

export class DataPanel {
  // `chosen(way)` is called when a person changes the choice.
  constructor(chosen) {
    this._choices = new Map(
      Object.entries(WAYS).map(([way, words]) => {
        const input = html("input", { type: "radio", name: "train-data", onchange: () => chosen(way) });
        const count = html("span", { class: "count" });
        return [way, { input, count, node: html("label", { class: "choice" }, input, html("b", {}, words), count) }];
      }),
    );
    this._warning = html("p", { class: "notice warn", role: "note" });
    this._enough = html("p", { class: "notice", role: "status" });
    this._body = html("div", { class: "data" });
    this.node = html(
      "section",
      { class: "panel", "aria-label": "Data" },
      html("header", {}, html("h2", {}, "What it is trained on"), html("p", {}, "frozen when the run starts; splits are by article")),
      html("div", { class: "choices", role: "radiogroup", "aria-label": "Data" }, [...this._choices.values()].map(({ node }) => node)),
      this._warning,
      this._enough,
      this._body,
    );
  }

  show(data, way) {
    for (const [one, { input, count }] of this._choices) {
      const counts = data[one];
      input.checked = one === way;
      count.textContent = `${countText(counts.figures, "figure")} of ${countText(counts.articles, "article")}`;
    }
    const counts = data[way];
    say(this._warning, way === "verified" ? "" : unverifiedText(data, way));
    this._enough.className = `notice ${counts.figures ? "warn" : "bad"}`;
    say(this._enough, counts.enough);
    this._body.replaceChildren(
      levelTable(counts.levels),
      html(
        "div",
        { class: "lists" },
        list("Kinds of panels", counts.kinds, "none yet"),
        list("Licences of figures", counts.licenses, "none yet"),
        list("Verified by", counts.people, "nobody yet"),
        total(counts.left_out) > 0 && list("Left out", counts.left_out, ""),
      ),
    );
  }
}

// What a choice adds that no person has seen.
export function unverifiedText(data, way) {
  const [before, after] = [data.verified.levels, data[way].levels];
  const more = LEVELS.map(({ key, name }) => [total(after[key]) - total(before[key]), name.toLowerCase()]);
  const added = more.filter(([count]) => count > 0).map(([count, name]) => countText(count, name));
  if (!added.length) return "There is no such proposal: this is the same as verified only.";
  const list = added.length > 1 ? `${added.slice(0, -1).join(", ")} and ${added[added.length - 1]}` : added[0];
  if (way === "sure") {
    return `Nobody has verified ${list} of these; the confidence of each box is at least ${data.sure_from}.`;
  }
  return `Nobody has verified ${list} of these: the model also learns what agents got wrong.`;
}

function levelTable(levels) {
  const rows = LEVELS.map(({ key, many, name }) => {
    const counts = levels[key];
    return html(
      "tr",
      {},
      html("th", { scope: "row" }, html("i", { class: `key ${key}` }), many),
      SPLITS.map((split) => html("td", { class: "number c-num" }, number(counts[split]))),
      html("td", { class: "number c-num" }, html("b", {}, number(total(counts)))),
      html("td", { class: "soft" }, { Figure: "with a caption", Panel: "with a text", Region: "with a text" }[name]),
    );
  });
  return html(
    "table",
    { class: "counts" },
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        html("th", { scope: "col" }, "Level"),
        SPLITS.map((split) => html("th", { scope: "col", class: "number" }, { train: "train", val: "validate", test: "test" }[split])),
        html("th", { scope: "col", class: "number" }, "all"),
        html("th", { scope: "col" }, ""),
      ),
    ),
    html("tbody", {}, rows),
  );
}

function list(title, counts, missing) {
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...sorted.map(([, n]) => n));
  const rest = sorted.slice(SHOWN);
  return html(
    "div",
    { class: "list" },
    html("h3", {}, title),
    html(
      "ul",
      {},
      sorted.slice(0, SHOWN).map(([name, n]) =>
        html(
          "li",
          { title: name, style: `--share: ${n / most}` },
          html("span", {}, name),
          html("b", { class: "c-num" }, number(n)),
        ),
      ),
      rest.length > 0 &&
        html(
          "li",
          { class: "soft", title: rest.map(([name, n]) => `${name}: ${number(n)}`).join("\n") },
          html("span", {}, `${number(rest.length)} more`),
          html("b", { class: "c-num" }, number(rest.reduce((sum, [, n]) => sum + n, 0))),
        ),
      !sorted.length && html("li", { class: "soft" }, missing),
    ),
  );
}
