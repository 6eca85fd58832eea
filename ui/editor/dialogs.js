// What lies over the page: messages, the reason for a skip, bulk accept, the cheat sheet.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";
import { refusal } from "./commands.js";
import { confidenceOf } from "./figure.js";

const MESSAGE_MS = 6000;
const REASONS = [
  "Not a biomedical figure",
  "Image too poor to judge",
  "Caption missing or wrong",
  "Duplicate of another figure",
  "Panels cannot be told apart",
  "Unsure, somebody else should look",
];

// Messages at the foot of the canvas. `kind`: info, or bad (stays until it is closed). Said again, one without an action
// replaces itself: a key that is pressed again would pile it up. What two actions do can differ under the same words.
export class Messages {
  constructor() {
    this.element = html("div", { class: "rv-messages", role: "status", "aria-live": "polite" });
  }

  show(text, kind = "info", action = null) {
    const close = () => message.remove();
    const message = html(
      "div",
      { class: `rv-message ${kind}`, role: kind === "bad" ? "alert" : null },
      html("span", {}, text),
      action ? button(action.title, { class: "rv-link", onclick: () => (close(), action.run()) }, action.title) : null,
      button("Close", { onclick: close }, icon("cross")),
    );
    if (!action) for (const shown of [...this.element.children]) if (shown.isEqualNode(message)) shown.remove();
    while (this.element.children.length > 2) this.element.firstChild.remove();
    this.element.append(message);
    if (kind !== "bad") setTimeout(close, MESSAGE_MS);
  }
}

// A modal dialog that keeps its keys to itself. `body` nodes stand under the title.
export function dialog(title, className, ...body) {
  const element = html("dialog", { class: `rv-dialog ${className}`, "aria-label": title });
  element.append(
    html("header", {}, html("h2", {}, title), button("Close (Esc)", { onclick: () => element.close() }, icon("cross"))),
    ...body,
  );
  element.addEventListener("keydown", (event) => event.stopPropagation());
  element.addEventListener("click", (event) => event.target === element && element.close());
  return element;
}

export class SkipDialog {
  constructor(skip) {
    this._skip = skip;
    this._other = html("input", { placeholder: "Another reason", "aria-label": "Another reason", maxlength: 500 });
    const list = html(
      "ol",
      {},
      ...REASONS.map((reason, index) =>
        html(
          "li",
          {},
          html(
            "button",
            { type: "button", onclick: () => this._give(reason) },
            html("kbd", {}, String(index + 1)),
            reason,
          ),
        ),
      ),
    );
    const form = html(
      "form",
      { onsubmit: (event) => (event.preventDefault(), this._give(this._other.value)) },
      this._other,
      html("button", { class: "c-button", type: "submit" }, "Skip"),
    );
    this.element = dialog("Skip this figure, because", "skip", list, form);
    this.element.addEventListener("keydown", (event) => {
      const reason = REASONS[Number(event.key) - 1];
      if (!reason || event.target === this._other) return;
      event.preventDefault(); // else the digit is typed into what has the focus next
      this._give(reason);
    });
  }

  open() {
    this._other.value = "";
    this.element.showModal();
    this.element.querySelector("li button").focus();
  }

  _give(reason) {
    if (!reason.trim()) return this._other.focus();
    this.element.close();
    this._skip(reason.trim());
  }
}

// Accept all proposals above a confidence; the boxes that it would take are lit while it is open. `snap` is a part of
// the dialog for what else can be done to many boxes.
export class Bulk {
  constructor(state, edit, snap) {
    this._state = state;
    this._snap = snap;
    this._slider = html("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      value: "0.9",
      "aria-label": "Least confidence",
      oninput: () => this._preview(),
    });
    this._value = html("output", { class: "c-num" });
    this._count = html("span", {});
    this._apply = html(
      "button",
      { type: "button", class: "c-button primary", onclick: () => this._accept(edit) },
      "Accept them",
    );
    this.element = html(
      "div",
      { class: "rv-bulk", role: "dialog", "aria-label": "Accept above a confidence", hidden: true },
      html(
        "header",
        {},
        html("b", {}, "Accept above a confidence"),
        button("Close (Esc)", { onclick: () => this.close() }, icon("cross")),
      ),
      html("div", { class: "rv-inline" }, this._slider, this._value),
      html("div", { class: "rv-inline" }, this._count, html("span", { class: "grow" }), this._apply),
      snap.element,
    );
    this.element.addEventListener("keydown", (event) => this._key(event, edit));
    state.on(["figure"], () => this.element.hidden || this._preview());
  }

  toggle() {
    if (!this.element.hidden) return this.close();
    if (!this._state.figure || this._state.readOnly) return;
    this.element.hidden = false;
    this._preview();
    this._slider.focus();
  }

  close() {
    if (this.isOpen) this._snap.close();
    this.element.hidden = true;
    this._state.set({ threshold: null });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  _key(event, edit) {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    if (event.key === "Enter" && event.target.closest("button")) return; // presses it
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") this._accept(edit);
    else this.close();
  }

  _preview() {
    const least = Number(this._slider.value);
    const open = this._open();
    const taken = this._taken();
    this._value.textContent = least.toFixed(2);
    this._count.textContent = `takes ${taken.length} of ${open.length} open proposals`;
    this._apply.disabled = !taken.length;
    this._state.set({ threshold: least });
  }

  _accept(edit) {
    if (this._apply.disabled) return;
    edit(this._taken().map((node) => ({ op: "judge", id: node.id, state: "accepted" })));
    this.close();
  }

  _open() {
    const { figure } = this._state;
    return figure.nodes.filter((node) => node.state === "proposed" && !refusal(figure, node));
  }

  // The nodes themselves are named: the server must not judge by another confidence than the one that is shown.
  _taken() {
    const least = Number(this._slider.value);
    return this._open().filter((node) => (confidenceOf(this._state.figure, node) ?? 0) >= least);
  }
}

// What keys and the pointer do besides; nobody binds these.
const FIXED = [
  ["1 … 99", "Select the box with that number"],
  ["Space", "Held: drag the figure"],
  ["Wheel", "Zoom; with Shift sideways"],
  ["Shift", "While drawing: keeps the tool"],
  ["Enter", "In a field: save it (Shift: new line)"],
];
const ARROWS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
const shortName = (key) => key.replace(/Arrow\w+/, (arrow) => ARROWS[arrow]);

// All keys by group; a click on a key waits for the next key and binds it.
export class CheatSheet {
  constructor(keys) {
    this._keys = keys;
    this._body = html("div", { class: "rv-sheet" });
    const reset = html(
      "button",
      { type: "button", class: "c-button", onclick: () => (keys.reset(), this._draw()) },
      "Back to the defaults",
    );
    this.element = dialog(
      "Keys",
      "keys",
      this._body,
      html("div", { class: "rv-foot" }, html("span", {}, "Click a key, then press another to bind it."), reset),
    );
  }

  open() {
    this._draw();
    this.element.showModal();
  }

  _draw() {
    const groups = Map.groupBy(this._keys.table(), (action) => action.group);
    this._body.replaceChildren(
      ...[...groups].map(([group, actions]) =>
        html("section", {}, html("h3", {}, group), html("dl", {}, ...actions.flatMap((action) => this._row(action)))),
      ),
      html(
        "section",
        {},
        html("h3", {}, "Always"),
        html("dl", {}, ...FIXED.flatMap(([key, title]) => [html("dt", {}, html("kbd", {}, key)), html("dd", {}, title)])),
      ),
    );
  }

  _row(action) {
    const keys = action.keys.length ? action.keys.map(shortName).join("  ") : "unbound";
    const bind = button(
      `Bind another key to: ${action.title}`,
      { class: "rv-key", onclick: () => this._bind(action, bind) },
      keys,
    );
    return [html("dt", {}, bind), html("dd", {}, action.title)];
  }

  _bind(action, control) {
    control.textContent = "press a key";
    const listen = (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      this.element.removeEventListener("keydown", listen, true);
      if (event.key !== "Escape") this._keys.bind(action.id, event);
      this._draw();
    };
    this.element.addEventListener("keydown", listen, true);
  }
}
