// Accepting without a person: an error rate is chosen, the page says what that takes and promises, batches can be undone.

import { button, html } from "../editor/dom.js";
import { AskError, ask } from "../train/asking.js";
import { number } from "../train/numbers.js";
import { say } from "../train/said.js";

const RATES = [0.01, 0.02, 0.05, 0.1];
const rateText = (rate) => `${Number((100 * rate).toFixed(2))}%`;
const PROMISES = [
  { key: "accepted", name: "of the accepted panels", title: "Holds in nine of ten samples (Learn then Test)" },
  { key: "all", name: "of each figure's, on average", title: "Of all open figures, accepted or not (conformal risk control)" },
];

export class Accepting {
  constructor(server) {
    this._server = server;
    this._rate = 0.02;
    this._promised = "accepted";
    this._turn = 0;
    this._rates = RATES.map((rate) =>
      button(`At most ${rateText(rate)} of panels may be wrong`, { class: "c-button", "data-rate": rate, onclick: () => this._ask(rate, this._promised) }, rateText(rate)),
    );
    this._promise = html(
      "select",
      { class: "c-field", "aria-label": "Of which panels", onchange: () => this._ask(this._rate, this._promise.value) },
      PROMISES.map(({ key, name, title }) => html("option", { value: key, title }, name)),
    );
    this._text = html("p", { class: "preview", role: "status" });
    this._why = html("p", { class: "soft" });
    this._apply = button("Accept these figures without a person", { class: "c-button primary", "data-right": "auto", disabled: true, onclick: () => this._do("auto_apply", { error_rate: this._rate, promised: this._promised }) }, "Accept");
    this._said = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._right = html("p", { class: "right" });
    this._batches = html("ul", { class: "batches" });
    this.node = html(
      "section",
      { class: "c-card accepting", "aria-label": "Accept without a person" },
      html("header", {}, html("h2", {}, "Accept without a person"), html("span", { class: "c-chip total" })),
      html("div", { class: "ask" }, html("span", {}, "At most"), html("span", { class: "joined", role: "group", "aria-label": "Error rate" }, this._rates), this._promise, html("span", {}, "may be wrong")),
      this._text,
      this._why,
      html("div", { class: "does" }, this._apply),
      this._said,
      this._right,
      this._batches,
    );
  }

  async show() {
    await Promise.all([this._state(), this._ask(this._rate, this._promised)]);
  }

  async _state() {
    const state = await ask(this._server, "auto_state", {});
    this.node.querySelector(".total").textContent = state.figures ? `${number(state.figures)} figures, never counted as verified` : "none so far";
    this._right.textContent = state.right ? `Of the panels so accepted ${state.right.text} are right, by those that a person reviewed` : "";
    this._batches.replaceChildren(...state.batches.map((batch) => this._batch(batch)));
  }

  // What an error rate would accept; an answer that another question has overtaken is dropped.
  async _ask(rate, promised) {
    const mine = ++this._turn;
    [this._rate, this._promised] = [rate, promised];
    for (const one of this._rates) one.setAttribute("aria-pressed", String(Number(one.dataset.rate) === rate));
    this.node.dataset.asking = "true";
    const found = await ask(this._server, "auto_preview", { error_rate: rate, promised });
    if (mine !== this._turn) return;
    this.node.dataset.asking = "false";
    this._text.textContent = found.text.charAt(0).toUpperCase() + found.text.slice(1);
    this._why.textContent = found.right ? `Of the panels reviewed from there on ${found.right.text} are right` : "";
    this._apply.disabled = !found.figures;
    this._apply.textContent = found.figures ? `Accept ${number(found.figures)} figures` : "Accept";
  }

  async _do(name, request) {
    try {
      await ask(this._server, name, request);
      say(this._said, "");
      await this.show();
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      say(this._said, error.message);
    }
  }

  _batch(batch) {
    const left = batch.left === batch.figures ? "" : `, ${number(batch.left)} of them still so`;
    return html(
      "li",
      { "data-batch": batch.id, "data-undone": Boolean(batch.undone_at) },
      html("span", {}, `${number(batch.figures)} figures at ${rateText(batch.error_rate)}${left}`),
      html("span", { class: "soft" }, `${batch.who}, ${batch.at.slice(0, 10)}`),
      html("span", { class: "grow" }),
      batch.undone_at
        ? html("span", { class: "c-chip" }, "undone")
        : button(`Undo batch ${batch.id}`, { class: "c-button", "data-right": "auto", onclick: () => this._do("auto_undo", { batch: batch.id }) }, "Undo"),
    );
  }
}
