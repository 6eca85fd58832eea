// The caption: each panel's words in its colour, pointer clauses underlined with dots, and words to be given away.

import { button, html } from "./dom.js";
import { colourOf, isRejected, nameOf, nodeOf, panelsOf, spansOf } from "./figure.js";

// The caption cut where any span begins or ends: [{start, end, panels, clauses, rivals, shared}], owners as node ids;
// rivals are panels that another agent gives the words to.
export function segmentsOf(figure) {
  const owners = [];
  for (const node of figure.nodes.filter((one) => !isRejected(one))) {
    for (const span of spansOf(node))
      owners.push({ span, kind: node.level === "panel" ? "panels" : "clauses", id: node.id });
    for (const span of node.rival_spans || []) owners.push({ span, kind: "rivals", id: node.id });
  }
  for (const id of ["lead", "tail"]) {
    for (const span of figure.shared[`${id}_spans`]) owners.push({ span, kind: "shared", id });
  }
  const cuts = new Set([0, figure.caption.length, ...owners.flatMap(({ span }) => span)]);
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((start, index) => {
    const segment = { start, end: sorted[index + 1], panels: [], clauses: [], rivals: [], shared: [] };
    for (const { span, kind, id } of owners) if (span[0] <= start && segment.end <= span[1]) segment[kind].push(id);
    return segment;
  });
}

export class Caption {
  constructor(state, edit) {
    this._state = state;
    this._edit = edit;
    this._drawnOf = [null, null]; // nodes and shared words
    this.selection = null; // [start, end] of the caption's characters that are selected
    this._title = html("h2", {}, "Caption");
    this._bar = html("div", { class: "rv-assign", role: "toolbar", "aria-label": "Give the selected words to" });
    this._bar.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
    this._text = html("p", { class: "rv-caption-text", dir: "auto" });
    this.element = html(
      "section",
      { class: "rv-caption", "aria-label": "Caption" },
      html("header", {}, this._title, this._bar),
      html("div", { class: "rv-caption-scroll", role: "region", "aria-label": "Words of the caption", tabIndex: 0 }, this._text),
    );
    this._text.addEventListener("pointerover", (event) => this._hover(event.target));
    this._text.addEventListener("pointerleave", () => state.set({ hoverId: null }));
    this._text.addEventListener("click", (event) => this._click(event.target));
    document.addEventListener("selectionchange", () => this._selected());
    state.on(["figure"], () => this._draw());
    state.on(["hoverId", "selectedId"], () => this._light());
    state.on(["figure", "selectedId", "readOnly"], () => this._drawBar());
  }

  // Gives the selected words to a node, "lead" or "tail"; false where no words are selected.
  assign(id, mode) {
    if (!this.selection || !id) return false;
    const span = this.selection;
    getSelection().removeAllRanges();
    this._edit([{ op: "assign", id, span, mode }]);
    return true;
  }

  _draw() {
    const { figure } = this._state;
    if (!figure) return;
    const [nodes, shared] = this._drawnOf;
    if (figure.nodes === nodes && figure.shared === shared) return;
    this._drawnOf = [figure.nodes, figure.shared];
    this._title.textContent = this._title.title = figure.label ? `Caption of ${figure.label}` : "Caption";
    this._text.classList.toggle("empty", !figure.caption);
    if (!figure.caption) this._text.textContent = "This figure has no caption.";
    else this._text.replaceChildren(...segmentsOf(figure).map((segment) => this._segment(figure, segment)));
    this._light();
  }

  _segment(figure, { start, end, panels, clauses, rivals, shared }) {
    const colours = panels.map((id) => colourOf(figure, nodeOf(figure, id)));
    const clauseColour = clauses.length ? colourOf(figure, nodeOf(figure, clauses[0])) : null;
    const names = [...panels, ...clauses].map((id) => nameOf(nodeOf(figure, id)));
    if (shared.length) names.push("all panels");
    return html(
      "span",
      {
        class: ["seg", panels.length && "own", clauses.length && "clause", shared.length && "shared"]
          .filter(Boolean)
          .join(" "),
        style: `--colour:${colours[0] || clauseColour || "var(--rv-none)"};--line:${stripes(colours)}`,
        "data-start": start,
        "data-end": end,
        "data-owners": [...panels, ...clauses, ...shared].join(" "),
        "data-rivals": rivals.join(" ") || null,
        title: names.length ? names.join(", ") : null,
      },
      figure.caption.slice(start, end),
    );
  }

  _light() {
    const { hoverId, selectedId } = this._state;
    for (const segment of this._text.querySelectorAll(".seg")) {
      const owners = segment.dataset.owners.split(" ");
      segment.classList.toggle("lit", hoverId !== null && owners.includes(hoverId));
      segment.classList.toggle("selected", selectedId !== null && owners.includes(selectedId));
      segment.classList.toggle("rival", (segment.dataset.rivals || "").split(" ").includes(selectedId));
    }
  }

  // Brings the selected node's words into sight.
  reveal() {
    const first = this._text.querySelector(".seg.selected");
    if (first) first.scrollIntoView({ block: "nearest" });
  }

  _ownerAt(target) {
    const segment = target.closest(".seg");
    if (!segment || !this._state.figure) return null;
    const ids = segment.dataset.owners.split(" ").filter((id) => nodeOf(this._state.figure, id));
    // the clause is the more telling owner; it comes after the panels
    return ids.at(-1) || null;
  }

  _hover(target) {
    this._state.set({ hoverId: this._ownerAt(target) });
  }

  _click(target) {
    if (this.selection) return;
    const id = this._ownerAt(target);
    if (id) this._state.set({ selectedId: id });
  }

  _selected() {
    const selection = this._readSelection();
    if (String(selection) === String(this.selection)) return;
    this.selection = selection;
    this._drawBar();
  }

  // The selected characters without the blanks at their ends, or null.
  _readSelection() {
    const selected = getSelection();
    if (!selected.rangeCount || selected.isCollapsed || !this._state.figure) return null;
    const range = selected.getRangeAt(0);
    if (!this._text.contains(range.commonAncestorContainer)) return null;
    let [start, end] = [
      offsetOf(range.startContainer, range.startOffset),
      offsetOf(range.endContainer, range.endOffset),
    ];
    const { caption } = this._state.figure;
    while (start < end && /\s/.test(caption[start])) start += 1;
    while (end > start && /\s/.test(caption[end - 1])) end -= 1;
    return start < end ? [start, end] : null;
  }

  _drawBar() {
    const { figure, selected, readOnly } = this._state;
    this.element.dataset.selecting = String(Boolean(this.selection));
    if (!this.selection || readOnly || !figure) {
      const hint =
        figure && figure.caption && !readOnly ? "Select words to give them to a panel, marker or region" : "";
      this._bar.replaceChildren(html("small", {}, hint));
      return;
    }
    const give = (id, mode, title, text, colour) =>
      button(
        title,
        { class: "rv-give", style: colour ? `--colour:${colour}` : null, onclick: () => this.assign(id, mode) },
        ...[text].flat(),
      );
    const parts = [html("span", {}, "Give to")];
    if (selected) {
      const name = nameOf(selected);
      const colour = colourOf(figure, selected);
      parts.push(give(selected.id, "set", `These words alone are ${name}'s (t)`, [name, html("kbd", {}, "t")], colour));
      if (selected.level === "panel")
        parts.push(give(selected.id, "add", `Add to ${name}'s words (Shift+T)`, "+ add", colour));
      parts.push(give(selected.id, "remove", `Take from ${name}'s words (Alt+T)`, "− take", colour), html("i", {}));
    }
    // what has the words already gives them back
    const toggle = (id, spans, whose, text, colour) => {
      const has = spans.some(([start, end]) => start <= this.selection[0] && this.selection[1] <= end);
      return give(
        id,
        has ? "remove" : "add",
        `${has ? "Take from" : "Add to"} ${whose}`,
        `${has ? "− " : ""}${text}`,
        colour,
      );
    };
    const panels = panelsOf(figure).filter((node) => !isRejected(node) && node !== selected);
    parts.push(
      ...panels.map((node) =>
        toggle(node.id, node.own_spans, `panel ${nameOf(node)}`, nameOf(node), colourOf(figure, node)),
      ),
    );
    const { lead_spans: lead, tail_spans: tail } = figure.shared;
    parts.push(
      html("i", {}),
      toggle("lead", lead, "the shared words before the panels'", "lead"),
      toggle("tail", tail, "the shared words after the panels'", "tail"),
    );
    this._bar.replaceChildren(...parts);
  }
}

// One colour, or several side by side where words speak of several panels.
function stripes(colours) {
  if (colours.length < 2) return `linear-gradient(${colours[0] || "transparent"},${colours[0] || "transparent"})`;
  const width = 14;
  const stops = colours.map((colour, index) => `${colour} ${index * width}px ${(index + 1) * width}px`);
  return `repeating-linear-gradient(90deg,${stops.join(",")})`;
}

// A place in the drawn caption as a character's number in the caption.
function offsetOf(container, offset) {
  if (container.nodeType === Node.TEXT_NODE) return Number(container.parentElement.dataset.start) + offset;
  if (container.classList.contains("seg")) return Number(offset ? container.dataset.end : container.dataset.start);
  const before = container.children[offset - 1];
  return before ? Number(before.dataset.end) : 0;
}
