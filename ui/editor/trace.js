// What the model saw and said: every exchange of the figure, or those that made the selected node, word for word.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";
import { CallError, call, seenUrl } from "./calls.js";
import { Drawer } from "./drawer.js";
import { dialog } from "./dialogs.js";
import { nameOf } from "./figure.js";
import { costText, countText, secondsText, timeText } from "./wording.js";

const ROLES = { system: "Instructions", user: "Example: question", assistant: "Example: answer" };

export class Trace {
  constructor(server, state) {
    this._server = server;
    this._state = state;
    this._shown = null; // which figure and node the list is of
    this._whole = false; // all exchanges, although a node is selected
    this._sum = html("p", { class: "rv-quiet" });
    this._of = html("p", { class: "rv-of" });
    this._list = html("div", { class: "rv-exchanges" });
    this.drawer = new Drawer("What the model saw", "trace", () => (this._shown = null));
    this.drawer.body.append(this._of, this._sum, this._list);
    this._large = html("img", { alt: "The picture as the model saw it" });
    this.enlarged = dialog("As the model saw it", "picture", this._large);
    state.on(["figure", "selectedId"], () => this._follow());
  }

  toggle() {
    if (this.drawer.close()) return;
    if (!this._state.figure) return;
    this._whole = false;
    this.drawer.open();
    this._follow();
  }

  _follow() {
    const { figure, selected } = this._state;
    if (!this.drawer.isOpen || !figure) return;
    const node = this._whole ? null : selected;
    const shown = JSON.stringify([figure.id, node && [node.id, node.provenance.exchanges]]);
    if (shown === this._shown) return;
    this._shown = shown;
    this._load(figure, node, shown);
  }

  async _load(figure, node, shown) {
    this._drawOf(node);
    this._sum.textContent = "";
    this._list.replaceChildren();
    this.drawer.element.dataset.shown = "";
    let exchanges = [];
    try {
      ({ exchanges } = await call(this._server, "trace", { figure_id: figure.id, node_id: node && node.id }));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (shown === this._shown) this._sum.textContent = error.message;
      return;
    }
    if (shown !== this._shown) return;
    this._drawSum(exchanges, node);
    this._list.replaceChildren(...stagesOf(exchanges).flatMap(([stage, held]) => this._stage(stage, held)));
    const first = this._list.querySelector("details");
    if (first) first.open = true;
    this.drawer.element.dataset.shown = node ? node.id : figure.id;
  }

  _drawOf(node) {
    const { selected } = this._state;
    const link = (text, whole) =>
      button(
        text,
        {
          class: "rv-link",
          onclick: () => {
            this._whole = whole;
            this._follow();
          },
        },
        text,
      );
    const name = selected && `${selected.level} ${nameOf(selected)}`;
    if (node) this._of.replaceChildren(html("span", {}, `What made ${name}`), link("All of this figure", true));
    else if (selected) this._of.replaceChildren(html("span", {}, "All of this figure"), link(`Only ${name}`, false));
    else this._of.replaceChildren(html("span", {}, "All of this figure"));
  }

  _drawSum(exchanges, node) {
    if (!exchanges.length) {
      this._sum.textContent = node
        ? "No model was asked about it: its agent works without one, or a person drew it."
        : "No model was asked about this figure yet.";
      return;
    }
    const sum = (name) => exchanges.reduce((total, one) => total + one[name], 0);
    const faults = exchanges.filter((one) => one.fault).length;
    this._sum.textContent = [
      countText(exchanges.length, "question"),
      `${sum("tokens_in").toLocaleString("en")} tokens in, ${sum("tokens_out").toLocaleString("en")} out`,
      secondsText(sum("seconds")),
      sum("cost") ? `cost ${costText(sum("cost"))}` : "",
      faults ? countText(faults, "unusable reply") : "",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  _stage(stage, held) {
    return [html("h3", {}, stage), ...held.map((exchange) => this._exchange(exchange))];
  }

  _exchange(exchange) {
    const state = exchange.fault ? "fault" : exchange.repairs.length ? "repaired" : "good";
    const said = { fault: "unusable", repaired: "repaired", good: "" }[state];
    const facts = [
      `${exchange.tokens_in.toLocaleString("en")} → ${exchange.tokens_out.toLocaleString("en")} tokens`,
      secondsText(exchange.seconds),
      exchange.cost ? `cost ${costText(exchange.cost)}` : "",
    ].filter(Boolean);
    const details = html(
      "details",
      { class: "rv-exchange", "data-state": state, "data-exchange": exchange.key },
      html(
        "summary",
        {},
        html("b", {}, exchange.prompt),
        said ? html("span", { class: "c-chip", "data-said": state }, said) : null,
        html("span", { class: "grow" }),
        html("small", { class: "c-num" }, facts.join(" · ")),
      ),
    );
    details.addEventListener("toggle", () => details.open && this._fill(details, exchange));
    return details;
  }

  async _fill(details, { key }) {
    if (details.dataset.filled) return;
    details.dataset.filled = "asked";
    try {
      const { exchange } = await call(this._server, "exchange", { key });
      details.append(this._full(exchange));
      details.dataset.filled = "true";
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      delete details.dataset.filled;
      details.append(html("p", { class: "rv-fault" }, error.message));
    }
  }

  _full(exchange) {
    const facts = [
      ["model", `${exchange.model} (${exchange.provider})`],
      ["asked", timeText(exchange.at)],
      ["ended", exchange.finish],
      ["settings", JSON.stringify(exchange.settings)],
    ];
    return html(
      "div",
      { class: "rv-full-exchange" },
      ...exchange.messages.map((message, index) => this._message(message, index, exchange.messages.length)),
      part("Reply, word for word", html("pre", { class: "raw", tabIndex: 0 }, exchange.text || "(empty)"), true),
      exchange.fault ? html("p", { class: "rv-fault" }, icon("flag"), html("span", {}, exchange.fault)) : null,
      exchange.repairs.length
        ? html("ul", { class: "rv-repairs" }, ...exchange.repairs.map((rule) => html("li", {}, `repaired: ${rule}`)))
        : null,
      exchange.parsed === null
        ? null
        : part("What was read from it", html("pre", { tabIndex: 0 }, JSON.stringify(exchange.parsed, null, 2)), true),
      html(
        "dl",
        { class: "rv-facts" },
        ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]),
      ),
    );
  }

  // The last message is the question itself; those before it are instructions and examples.
  _message({ role, text, pictures }, index, count) {
    const last = index === count - 1;
    const title = last ? "Question" : ROLES[role];
    const shots = (pictures || []).map((sha256) =>
      button(
        "Enlarge",
        { class: "rv-shot", onclick: () => this._enlarge(sha256) },
        html("img", { src: seenUrl(sha256), alt: "The picture that the model saw", loading: "lazy" }),
      ),
    );
    const words = html("pre", { tabIndex: 0 }, text);
    const pictured = shots.length ? html("div", { class: "rv-shots" }, shots) : null;
    return part(title || role, html("div", {}, pictured, words), last);
  }

  _enlarge(sha256) {
    this._large.src = seenUrl(sha256);
    this.enlarged.showModal();
  }
}

function part(title, body, open) {
  return html("details", { class: "rv-part", open }, html("summary", {}, title), body);
}

// Exchanges under the stages that they belong to, in the order in which these began.
function stagesOf(exchanges) {
  return [...Map.groupBy(exchanges, (exchange) => exchange.stage)];
}
