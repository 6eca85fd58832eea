// Rounds of mining again, and what the open one of them changed.

import { button, html } from "../editor/dom.js";
import { AskError, ask } from "../train/asking.js";
import { number } from "../train/numbers.js";

export class Again {
  constructor(server) {
    this._server = server;
    this._open = 0;
    this._ways = {};
    this._list = html("ul", { class: "again" });
    this._none = html("p", { class: "soft none" }, "Nothing was mined again yet. Each round tries another way with the figures that are doubted most.");
    this.node = html("section", { class: "c-card", "aria-label": "Mined again" }, html("header", {}, html("h2", {}, "Mined again")), this._list, this._none);
  }

  show(rounds, ways) {
    this._ways = ways;
    this._none.hidden = rounds.length > 0;
    const wanted = JSON.stringify(rounds);
    if (this._shown === wanted) return; // an opened list stays as it is
    this._shown = wanted;
    this._list.replaceChildren(...rounds.map((round) => this._round(round)));
  }

  _round(round) {
    const changes = html("ul", { class: "changes", hidden: true });
    const toggle = button(`What round ${round.id} changed`, { class: "c-button", "aria-expanded": "false", onclick: () => this._toggle(round.id, toggle, changes) }, "Changes");
    const words = round.figures
      ? [`${number(round.done)} of ${number(round.figures)} figures`, `${number(round.adopted)} with better proposals`]
      : ["no figure was doubted enough"];
    if (round.failed) words.push(`${number(round.failed)} failed`);
    if (round.cost) words.push(`cost ${round.cost.toFixed(2)}`);
    return html(
      "li",
      { "data-round": round.id },
      html(
        "div",
        { class: "line" },
        html("b", {}, round.begun_at.slice(0, 16).replace("T", " ")),
        html("span", {}, words.join(", ")),
        round.ended_early ? html("span", { class: "soft" }, round.ended_early) : round.ended_at ? null : html("span", { class: "c-chip" }, "not ended"),
        html("span", { class: "grow" }),
        round.figures ? toggle : null,
      ),
      changes,
    );
  }

  async _toggle(roundId, toggle, place) {
    place.hidden = !place.hidden;
    toggle.setAttribute("aria-expanded", String(!place.hidden));
    if (place.hidden) return;
    try {
      const { changes } = await ask(this._server, "loop_changes", { round_id: roundId });
      place.replaceChildren(...(changes.length ? changes.map((change) => this._change(change)) : [html("li", { class: "soft" }, "no figure yet")]));
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      place.replaceChildren(html("li", { class: "notice bad" }, error.message));
    }
  }

  _change(change) {
    const gain = change.worth_after === null ? "" : `${change.worth_before.toFixed(1)} → ${change.worth_after.toFixed(1)}`;
    const outcome = change.adopted.length ? `replaced: ${change.adopted.join(", ")}` : change.mining_id === null ? "failed" : "stands beside, to compare";
    return html(
      "li",
      {},
      html("a", { href: `#figure=${encodeURIComponent(change.figure_id)}` }, change.figure_id),
      html("span", { class: "soft", title: this._ways[change.way] || "" }, change.way),
      html("span", { class: "c-num", title: "Right proposals less wrong and missing ones, as far as confidences tell" }, gain),
      html("span", { class: change.adopted.length ? "good" : "soft" }, outcome),
      change.reason ? html("span", { class: "soft" }, change.reason) : null,
    );
  }
}
