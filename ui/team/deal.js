// The form that deals figures out among people.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";

const OVERLAP = 10; // percent; guess: enough to see who differs, little enough to afford

export class Deal {
  // `deal(request)` resolves to true where figures were dealt out
  constructor(deal) {
    this._chosen = new Set();
    this._known = [];
    this._free = 0;
    this._chips = html("span", { class: "chips" });
    this._other = html("input", {
      class: "c-field",
      type: "text",
      name: "person",
      placeholder: "Another name",
      "aria-label": "Another name",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: 64,
      onkeydown: (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this._add();
      },
      onblur: () => this._add(),
    });
    this._overlap = number("overlap", OVERLAP, { min: 0, max: 100 }, () => this._say());
    this._count = number("count", "", { min: 1, placeholder: "all" }, () => this._say());
    this._again = html(
      "select",
      { class: "c-field", name: "again", onchange: () => this._say() },
      html("option", { value: "" }, "figures that nobody has"),
      html("option", { value: "again" }, "also figures that somebody has"),
    );
    this._said = html("output", { class: "soft" });
    this._go = html("button", { type: "submit", class: "c-button primary" }, "Deal out");
    this.node = html(
      "form",
      { class: "c-card deal", "data-right": "team" },
      html("header", {}, html("h2", {}, "Deal figures out")),
      html("div", { class: "who" }, this._chips, this._other),
      html(
        "div",
        { class: "how" },
        html("label", {}, "The first", this._count),
        html("label", {}, "of the queue,", this._again),
        html("label", { title: "Of this share another one makes a second reading, without seeing the first" }, "and let two read", this._overlap, "%"),
      ),
      html("div", { class: "ends" }, this._said, html("span", { class: "grow" }), this._go),
    );
    this.node.addEventListener("submit", async (event) => {
      event.preventDefault();
      this._add();
      if (this._go.disabled) return;
      this._go.disabled = true;
      const dealt = await deal({
        people: [...this._chosen],
        overlap: this._chosen.size > 1 ? Number(this._overlap.value) / 100 : 0,
        again: Boolean(this._again.value),
        count: Number(this._count.value) || 0,
      });
      if (dealt) this._count.value = "";
      this._say();
    });
  }

  show({ people, workloads, open }) {
    this._open = open;
    this._free = Math.max(0, open - workloads.reduce((sum, one) => sum + one.assigned - one.done, 0));
    this._known = [...new Set([...people, ...this._chosen])].sort();
    this._draw();
  }

  _add() {
    const name = this._other.value.trim();
    if (!name) return;
    this._other.setCustomValidity(/[#\s]/.test(name) ? "A name has no spaces and no #" : "");
    if (!this._other.reportValidity()) return;
    this._other.value = "";
    this._chosen.add(name);
    this._known = [...new Set([...this._known, name])].sort();
    this._draw();
  }

  _draw() {
    this._chips.replaceChildren(
      ...this._known.map((name) =>
        html(
          "button",
          {
            type: "button",
            class: "c-button person",
            title: name,
            "aria-pressed": String(this._chosen.has(name)),
            onclick: (event) => {
              if (!this._chosen.delete(name)) this._chosen.add(name);
              event.currentTarget.setAttribute("aria-pressed", String(this._chosen.has(name)));
              this._say();
            },
          },
          name,
        ),
      ),
    );
    this._say();
  }

  // What the button would do, as far as the page knows.
  _say() {
    const people = this._chosen.size;
    const there = this._again.value ? this._open : this._free;
    const figures = Math.min(Number(this._count.value) || there, there);
    this._overlap.disabled = people < 2;
    const twice = people > 1 ? Math.round((figures * Number(this._overlap.value)) / 100) : 0;
    this._go.disabled = !people || !figures;
    if (!people) this._said.textContent = "Choose who reviews.";
    else if (!figures) this._said.textContent = "There is no open figure that nobody has.";
    else {
      const each = people === 1 ? countText(figures, "figure") : `about ${countText(Math.round(figures / people), "figure")} each`;
      const overlap = people < 2 ? "; a second reading needs two people" : twice ? `; about ${twice.toLocaleString("en")} of them read twice` : "; none read twice";
      this._said.textContent = each + overlap;
    }
  }
}

const number = (name, value, rest, oninput) =>
  html("input", { class: "c-field", type: "number", name, value: String(value), step: 1, oninput, ...rest });
