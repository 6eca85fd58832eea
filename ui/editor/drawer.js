// A panel that slides over the right of the screen: not modal, Escape closes it, its own keys stay in it.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";

// keys with which one moves inside a drawer; the screen's own actions on them wait outside
const INSIDE = new Set(["Tab", "Enter", " ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

export class Drawer {
  // `closed` is called after it was closed, by whomever
  constructor(title, className, closed) {
    this._closed = closed;
    this._from = null; // what had the focus before
    this.title = html("h2", {}, title);
    this.head = html("span", { class: "grow" });
    this.body = html("div", { class: "rv-drawer-body" });
    this.element = html(
      "aside",
      { class: `rv-drawer ${className}`, "aria-label": title, hidden: true, tabIndex: -1 },
      html(
        "header",
        {},
        this.title,
        this.head,
        button("Close (Esc)", { onclick: () => this.close() }, icon("cross")),
      ),
      this.body,
    );
    this.element.addEventListener("keydown", (event) => {
      if (INSIDE.has(event.key)) event.stopPropagation();
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    if (this.isOpen) return;
    this._from = document.activeElement;
    this.element.hidden = false;
    this.element.focus({ preventScroll: true });
  }

  // False where it was not open.
  close() {
    if (!this.isOpen) return false;
    this.element.hidden = true;
    if (this._from && this._from.isConnected) this._from.focus({ preventScroll: true });
    this._closed();
    return true;
  }
}
