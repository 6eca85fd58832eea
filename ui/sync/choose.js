// Which figures go there: by state, article, confidence and agent, with a count of what that means before it is done.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { listHref } from "./places.js";
import { STATUSES, pickedText, statusText } from "./statuses.js";

const STATES = ["proposed", "accepted", "skipped"];
const TYPED_MS = 250; // guess: between the last key and the count

export class Choose {
  // `does`: {say(sentence, tone), changed(state), goTo(href)}
  constructor(server, does) {
    this._server = server;
    this._does = does;
    this._turn = 0;
    this._count = 0;
    const changed = () => this._later();
    const box = (value, text) =>
      html("label", { class: "pick" }, html("input", { type: "checkbox", value, onchange: changed }), html("span", {}, text));
    this._states = html("div", { class: "picks line", role: "group", "aria-label": "State" }, ...STATES.map((state) => box(state, state)));
    this._article = html("input", { class: "c-field", "aria-label": "Article", placeholder: "PMC1234567; empty: all", maxlength: 500, oninput: changed, spellcheck: "false" });
    const share = (label) => html("input", { class: "c-field share c-num", type: "number", min: 0, max: 1, step: 0.05, "aria-label": label, oninput: changed });
    this._from = share("Confidence from");
    this._below = share("Confidence below");
    this._agent = html("select", { class: "c-field", "aria-label": "Proposed by", onchange: changed }, html("option", { value: "" }, "any"));
    this._fresh = html("input", { type: "checkbox", checked: true, onchange: changed });
    this._preview = html("div", { class: "preview", role: "status" });
    this._send = html("button", { type: "button", class: "c-button primary", "data-right": "sync", onclick: () => this._do("sync_send") });
    this._leave = html("button", { type: "button", class: "c-button", "data-right": "sync", onclick: () => this._do("sync_take_out") });
    this._said = html("p", { class: "notice bad", role: "alert", hidden: true });
    const row = (name, ...parts) => html("div", { class: "row" }, html("span", {}, name), html("div", {}, ...parts));
    this.node = html(
      "div",
      { class: "page connection choose" },
      html(
        "form",
        { onsubmit: (event) => event.preventDefault() },
        html("h2", {}, "Choose figures"),
        html(
          "p",
          { class: "soft" },
          "Those of which all of this is true. To pick them by hand, tick them in the ",
          html("a", { href: listHref(null), class: "plain" }, "list"),
          ".",
        ),
        row("State", this._states),
        row("Article", this._article),
        row("Confidence", html("span", { class: "line" }, "from ", this._from, " up to ", this._below)),
        row("Proposed by", this._agent),
        row("", html("label", { class: "pick" }, this._fresh, html("span", {}, "Only figures that are not there yet"))),
        this._preview,
        this._said,
        html("div", { class: "actions" }, this._send, this._leave),
      ),
    );
  }

  async show() {
    try {
      const { agents } = await ask(this._server, "sync_agents", {});
      const kept = this._agent.value;
      this._agent.replaceChildren(
        html("option", { value: "" }, "any"),
        ...agents.map(({ name, count }) => html("option", { value: name }, `${name} (${count.toLocaleString("en")})`)),
      );
      this._agent.value = agents.some(({ name }) => name === kept) ? kept : "";
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      say(this._said, error.message);
    }
    await this._look();
  }

  get _choice() {
    const share = (input) => (input.value === "" ? null : Number(input.value));
    return {
      states: [...this._states.querySelectorAll("input:checked")].map((input) => input.value),
      article_id: this._article.value.trim() || null,
      confidence_from: share(this._from),
      confidence_below: share(this._below),
      agent: this._agent.value || null,
      not_there: this._fresh.checked,
    };
  }

  _later() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._look(), TYPED_MS);
  }

  async _look() {
    const mine = ++this._turn;
    try {
      const { count, counts } = await ask(this._server, "sync_preview", this._choice);
      if (mine !== this._turn) return;
      say(this._said, "");
      this._count = count;
      const parts = STATUSES.filter((status) => counts[status]);
      this._preview.replaceChildren(
        html("b", { class: "c-num big" }, count.toLocaleString("en")),
        html("span", {}, count === 1 ? "figure" : "figures"),
        html(
          "span",
          { class: "parts" },
          ...parts.map((status) =>
            html("span", { class: "c-chip", "data-sync": status }, `${counts[status].toLocaleString("en")} ${statusText(status)}`),
          ),
        ),
      );
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      this._count = 0;
      say(this._said, error.message);
    }
    this._send.disabled = this._leave.disabled = !this._count;
    this._send.textContent = `Send ${countText(this._count, "figure")}`;
    this._leave.textContent = `Leave ${this._count === 1 ? "it" : "them"} out`;
  }

  async _do(name) {
    this._send.disabled = this._leave.disabled = true;
    try {
      const state = await ask(this._server, name, this._choice);
      this._does.say(pickedText(name, state), "good");
      this._does.changed(state);
      this._does.goTo(listHref(name === "sync_send" ? "waiting" : "left out"));
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      say(this._said, error.message);
      this._send.disabled = this._leave.disabled = false;
    }
  }
}
