// The hierarchy as a tree: panels, their markers and regions, with kind, confidence and state. Dragging a row hangs it
// elsewhere.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";
import { confidenceText, sureness } from "./confidence.js";
import {
  captionOf,
  childrenOf,
  colourOf,
  confidenceOf,
  isPersons,
  isRejected,
  nameOf,
  nodeOf,
  numbersOf,
  parentIdOf,
  reasonOf,
} from "./figure.js";

const STATE_ICONS = { proposed: "open", accepted: "check", edited: "pencil", rejected: "cross" };

export class Tree {
  constructor(state, actions) {
    this._state = state;
    this._actions = actions;
    this._closed = new Set();
    this._sightedId = null; // the selected row that was brought into sight
    this._dragged = null;
    this._drawnOf = [null, null]; // nodes and flags
    this._rows = html("div", {
      role: "tree",
      "aria-label": "Hierarchy",
      class: "rv-rows",
      onkeydown: (event) => this._key(event),
    });
    this._flags = html("ul", { class: "rv-flags", "aria-label": "To look at" });
    this._count = html("small", {});
    this.element = html(
      "section",
      { class: "rv-tree", "aria-label": "Hierarchy" },
      html("header", {}, html("h2", {}, "Hierarchy"), this._count),
      this._flags,
      this._rows,
    );
    this._rows.addEventListener("pointerleave", () => state.set({ hoverId: null }));
    this._rows.addEventListener("dragover", (event) => this._over(event));
    this._rows.addEventListener("drop", (event) => this._drop(event));
    state.on(["figure"], () => this._followFigure());
    state.on(["showRejected"], () => this._draw());
    state.on(["selectedId", "hoverId"], () => this._light());
  }

  // Selects the node with a number of the set of marks.
  selectNumber(number) {
    const { figure } = this._state;
    const found = figure && [...numbersOf(figure)].find(([, one]) => one === number);
    if (found) this._actions.select(found[0]);
  }

  _followFigure() {
    const { figure } = this._state;
    if (!figure) return;
    const [nodes, flags] = this._drawnOf;
    if (figure.nodes === nodes && figure.flags === flags) return;
    this._drawnOf = [figure.nodes, figure.flags];
    this._draw();
  }

  _draw() {
    const { figure } = this._state;
    if (!figure) return;
    const hadFocus = this._rows.contains(document.activeElement);
    const numbers = numbersOf(figure);
    const rows = [];
    const walk = (node, depth) => {
      if (isRejected(node) && !this._state.showRejected) return;
      const children = childrenOf(figure, node.id);
      rows.push(this._row(figure, node, depth, children.length, numbers.get(node.id)));
      if (!this._closed.has(node.id)) children.forEach((child) => walk(child, depth + 1));
    };
    figure.nodes.filter((node) => parentIdOf(node) === null).forEach((node) => walk(node, 1));
    this._rows.replaceChildren(...rows);
    if (!rows.length) this._rows.append(html("p", { class: "rv-empty" }, emptyText(figure)));
    const rejected = figure.nodes.filter(isRejected).length;
    const standing = figure.nodes.length - rejected;
    this._count.textContent = `${standing} ${standing === 1 ? "node" : "nodes"}${rejected ? `, ${rejected} rejected` : ""}`;
    this._drawFlags(figure);
    this._light();
    if (hadFocus) this._focusSelected();
  }

  _drawFlags(figure) {
    this._flags.hidden = !figure.flags.length;
    this._flags.replaceChildren(
      ...figure.flags.map((flag) => {
        const select = () => flag.node_ids.length && this._actions.select(flag.node_ids[0]);
        return html(
          "li",
          {},
          button(
            flag.message,
            { "data-flag": flag.code, onclick: select },
            icon("flag"),
            html("span", {}, flag.message),
          ),
        );
      }),
    );
  }

  _row(figure, node, depth, children, number) {
    const flagged = figure.flags.some((flag) => flag.node_ids.includes(node.id));
    const confidence = confidenceOf(figure, node);
    const why = reasonOf(figure, node);
    const snippet = node.level === "panel" ? node.kind : captionOf(figure, node);
    const toggle = (event) => {
      event.stopPropagation();
      if (!this._closed.delete(node.id)) this._closed.add(node.id);
      this._draw();
    };
    const act = (title, name, run) =>
      button(title, { tabIndex: -1, onclick: (event) => (event.stopPropagation(), run()) }, icon(name));
    return html(
      "div",
      {
        class: `rv-row ${node.level}`,
        role: "treeitem",
        tabIndex: -1,
        "aria-level": depth,
        "aria-expanded": children ? String(!this._closed.has(node.id)) : null,
        "aria-label": `${node.level} ${nameOf(node)}, ${node.state}`,
        "data-row": node.id,
        "data-state": node.state,
        style: `--colour:${colourOf(figure, node)};--depth:${depth - 1}`,
        draggable: node.level !== "panel",
        onclick: () => this._actions.select(node.id),
        ondblclick: () => this._actions.editCaption(node.id),
        onpointerenter: () => this._state.set({ hoverId: node.id }),
        ondragstart: (event) => {
          event.dataTransfer.setData("text/plain", node.id);
          event.dataTransfer.effectAllowed = "move";
          this._dragged = node.id;
        },
        ondragend: () => this._endDrag(),
      },
      children
        ? button(
            this._closed.has(node.id) ? "Open" : "Close",
            { class: "twist", tabIndex: -1, onclick: toggle },
            icon(this._closed.has(node.id) ? "next" : "down"),
          )
        : html("span", { class: "twist" }),
      html("span", { class: "mark" }, String(number)),
      node.level === "marker" ? icon(node.kind) : node.level === "region" ? icon("region") : null,
      html("b", {}, nameOf(node)),
      html("span", { class: "snippet", title: snippet }, snippet),
      flagged ? html("span", { class: "flagged", title: "See the notes above" }, icon("flag")) : null,
      html(
        "span",
        { class: "acts" },
        act("Accept (a)", "check", () => this._actions.judge(node.id, "accepted")),
        act("Reject (x)", "cross", () => this._actions.judge(node.id, "rejected")),
      ),
      html(
        "span",
        { class: `sure ${sureness(confidence)}`, title: isPersons(node) ? "drawn by a person" : why ? `confidence: ${why}` : "confidence" },
        isPersons(node) ? "hand" : confidenceText(confidence),
      ),
      html("span", { class: "state", title: node.state }, icon(STATE_ICONS[node.state])),
    );
  }

  _light() {
    const { selectedId, hoverId } = this._state;
    const rows = [...this._rows.querySelectorAll("[data-row]")];
    for (const row of rows) {
      const selected = row.dataset.row === selectedId;
      row.setAttribute("aria-selected", String(selected));
      row.classList.toggle("lit", row.dataset.row === hoverId);
      row.tabIndex = selected ? 0 : -1;
      if (selected && this._sightedId !== selectedId) row.scrollIntoView({ block: "nearest" });
    }
    this._sightedId = selectedId;
    if (rows.length && !rows.some((row) => row.tabIndex === 0)) rows[0].tabIndex = 0;
  }

  _focusSelected() {
    const row = this._rows.querySelector('[tabindex="0"]');
    if (row) row.focus({ preventScroll: true });
  }

  _key(event) {
    const row = event.target.closest("[data-row]");
    if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
    const rows = [...this._rows.querySelectorAll("[data-row]")];
    const index = rows.indexOf(row);
    const id = row.dataset.row;
    const go = (to) => {
      event.preventDefault();
      event.stopPropagation();
      if (!to) return;
      this._actions.select(to.dataset.row);
      this._focusSelected();
    };
    if (event.key === "ArrowDown") go(rows[index + 1]);
    else if (event.key === "ArrowUp") go(rows[index - 1]);
    else if (event.key === "Home") go(rows[0]);
    else if (event.key === "End") go(rows.at(-1));
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const open = event.key === "ArrowRight";
      const parent = parentIdOf(nodeOf(this._state.figure, id));
      if (row.hasAttribute("aria-expanded") && open === this._closed.has(id)) {
        if (open) this._closed.delete(id);
        else this._closed.add(id);
        this._draw();
        go(this._rows.querySelector(`[data-row="${id}"]`));
      } else go(open ? rows[index + 1] : rows.find((one) => one.dataset.row === parent));
    }
  }

  // The id of the parent that the dragged row would get over this target; undefined where it cannot hang there.
  _targetOf(event) {
    const { figure } = this._state;
    const dragged = this._dragged && nodeOf(figure, this._dragged);
    if (!dragged) return undefined;
    const row = event.target.closest("[data-row]");
    if (!row) return null;
    const target = nodeOf(figure, row.dataset.row);
    const fits = target.level === "panel" || (target.level === "marker" && dragged.level === "region");
    return fits && target.id !== parentIdOf(dragged) ? target.id : undefined;
  }

  _over(event) {
    const target = this._targetOf(event);
    for (const row of this._rows.querySelectorAll(".drop")) row.classList.remove("drop");
    if (target === undefined) return;
    event.preventDefault();
    if (target) event.target.closest("[data-row]").classList.add("drop");
  }

  _drop(event) {
    const target = this._targetOf(event);
    const dragged = this._dragged;
    this._endDrag();
    if (target === undefined) return;
    event.preventDefault();
    this._actions.edit([{ op: "reparent", id: dragged, parent_id: target }]);
  }

  _endDrag() {
    this._dragged = null;
    for (const row of this._rows.querySelectorAll(".drop")) row.classList.remove("drop");
  }
}

function emptyText(figure) {
  if (figure.state === "unmined") return "Not mined yet. Draw panels (p), or run: curator mine";
  return "No boxes. Draw a panel with p.";
}
