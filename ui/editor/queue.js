// The queue: figures in the order in which they are reviewed.
//
// What was listed stays listed while its state changes, so that nothing moves under the curator's hand; further figures
// are asked for by their neighbours, not by an offset that shifts as figures leave the filter.

import { html } from "./dom.js";
import { icon } from "./icons.js";
import { call, thumbnailUrl } from "./calls.js";
import { confidenceText, sureness } from "./confidence.js";

const PAGE = 60;
const NEAR = 600; // px from the end of the list at which more is asked for
const TYPING_MS = 250;
const FILTERS = [
  ["open", "To review", { states: ["proposed"], auto: false }],
  ["auto", "Accepted without a person", { auto: true }],
  ["flagged", "To review, flagged", { states: ["proposed"], problem: true }],
  ["unmined", "Not mined", { states: ["unmined"] }],
  ["accepted", "Accepted", { states: ["accepted"] }],
  ["skipped", "Skipped", { states: ["skipped"] }],
  ["all", "All figures", {}],
];

// With the list of what was given to whoever uses the page, once it is known who that is (ui/shell.js).
function filters() {
  const { user } = document.documentElement.dataset;
  if (!user) return FILTERS;
  const mine = ["mine", "To review, only mine", { ...FILTERS[0][2], assigned_to: user }];
  return [FILTERS[0], mine, ...FILTERS.slice(1)];
}

export class Queue {
  constructor(server, actions) {
    this._server = server;
    this._actions = actions;
    this._items = [];
    this._offset = 0;
    this._total = 0;
    this._filter = FILTERS[0][2];
    this._currentId = null;
    this._sightedId = null;
    this._loading = null;
    this._ticket = null;
    this._ended = { before: true, after: true };
    this._select = html("select", { "aria-label": "Which figures", onchange: () => this._chosen() });
    this._search = html("input", {
      type: "search",
      placeholder: "Search captions",
      "aria-label": "Search captions",
      oninput: () => this._typed(),
    });
    this._list = html("div", {
      class: "rv-items",
      role: "listbox",
      "aria-label": "Queue",
      tabIndex: -1,
      onscroll: () => this._scrolled(),
    });
    this._count = html("small", {});
    this.element = html(
      "section",
      { class: "rv-queue", "aria-label": "Queue" },
      html("header", {}, html("h2", {}, "Queue"), this._count),
      html("div", { class: "rv-filter" }, this._select, this._search),
      this._list,
    );
    this._drawFilters();
  }

  get filter() {
    return this._filter;
  }

  get position() {
    const index = this._index(this._currentId);
    return index < 0 ? null : { at: this._offset + index + 1, of: this._total, why: this._items[index].why || "" };
  }

  _index(id) {
    return this._items.findIndex((item) => item.id === id);
  }

  // Lists the filter's figures around one of them, or from the start. The id of the first, or null; undefined where
  // another list was asked for meanwhile.
  async open(filter, aroundId) {
    this._filter = filter || this._filter;
    this._drawFilters();
    const ticket = (this._ticket = {});
    const answer = await this._ask(aroundId ? { around: aroundId } : {});
    if (ticket !== this._ticket) return undefined;
    this._items = answer.items;
    this._offset = answer.offset;
    this._total = answer.total;
    this._ended = { before: answer.offset === 0, after: answer.items.length < PAGE };
    this._draw();
    return this._items.length ? this._items[0].id : null;
  }

  // Marks the figure that is open; it need not be one of the filter's.
  show(figure) {
    this._currentId = figure.id;
    if (this._index(figure.id) < 0) {
      this._items = [{ ...itemOf(figure), why: "" }, ...this._items]; // no place in this list, so no reason
      this._offset = Math.max(0, this._offset - 1);
      this._draw();
    }
    this._light();
    this._load(this._nearEnd() ? "after" : null);
  }

  // The list follows an edit.
  update(figure) {
    const index = this._index(figure.id);
    if (index < 0) return;
    const listed = this._items[index];
    // whatever a person does to a figure ends that it was accepted without one, also when it is undone
    const item = { ...listed, ...itemOf(figure), auto: listed.auto && !figure.undoable };
    if (JSON.stringify(item) === JSON.stringify(listed)) return;
    this._items[index] = item;
    const old = this._list.querySelector(`[data-figure="${CSS.escape(figure.id)}"]`);
    if (old) old.replaceWith(this._item(this._items[index]));
    this._light();
  }

  // The id `step` places from the open figure, asking for more where the list ends; null at the queue's end.
  async neighbour(step) {
    let index = this._index(this._currentId) + step;
    if (index >= this._items.length) await this._load("after");
    if (index < 0) await this._load("before");
    index = this._index(this._currentId) + step;
    return this._items[index] ? this._items[index].id : null;
  }

  // The same without asking: for what comes next in any case.
  nearby(step) {
    const item = this._items[this._index(this._currentId) + step];
    return item ? item.id : null;
  }

  _ask(where) {
    return call(this._server, "queue", { filter: this._filter, limit: PAGE, ...where });
  }

  async _load(side) {
    if (!side || this._ended[side]) return;
    if (this._loading) return this._loading;
    this._loading = this._more(side).finally(() => (this._loading = null));
    await this._loading;
  }

  async _more(side) {
    const isOpen = (item) =>
      !this._filter.states || !this._filter.states.length || this._filter.states.includes(item.state);
    // a figure that has left the filter or changed its confidence is no good landmark
    const candidates = this._items.filter(isOpen);
    const landmark =
      (side === "after" ? candidates.at(-1) : candidates[0]) || this._items.at(side === "after" ? -1 : 0);
    const ticket = this._ticket;
    const answer = await this._ask(landmark ? { [side]: landmark.id } : {});
    if (ticket !== this._ticket) return;
    const known = new Set(this._items.map((item) => item.id));
    const fresh = answer.items.filter((item) => !known.has(item.id));
    this._ended[side] = !fresh.length;
    const height = this._list.scrollHeight;
    if (side === "after") {
      this._items.push(...fresh);
      this._list.append(...fresh.map((item) => this._item(item)));
    } else {
      this._items.unshift(...fresh);
      this._offset = Math.max(0, this._offset - fresh.length);
      this._list.prepend(...fresh.map((item) => this._item(item)));
      this._list.scrollTop += this._list.scrollHeight - height;
    }
    this._light();
  }

  _nearEnd() {
    return this._items.length - this._index(this._currentId) < 10;
  }

  _scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this._list;
    if (scrollTop + clientHeight > scrollHeight - NEAR) this._load("after").catch(() => null);
    else if (scrollTop < NEAR) this._load("before").catch(() => null);
  }

  _drawFilters() {
    const { text, ...rest } = this._filter;
    const key = JSON.stringify(rest);
    const known = filters().find(([, , filter]) => JSON.stringify(filter) === key);
    const options = filters().map(([value, title]) => html("option", { value }, title));
    if (!known) options.push(html("option", { value: "custom" }, "From the gallery"));
    this._select.replaceChildren(...options);
    this._select.value = known ? known[0] : "custom";
    if (document.activeElement !== this._search) this._search.value = text || "";
  }

  _chosen() {
    const chosen = filters().find(([value]) => value === this._select.value);
    if (chosen)
      this._actions.openQueue({
        ...chosen[2],
        ...(this._search.value.trim() ? { text: this._search.value.trim() } : {}),
      });
  }

  _typed() {
    clearTimeout(this._typing);
    this._typing = setTimeout(() => {
      const { text: _, ...rest } = this._filter;
      const text = this._search.value.trim();
      this._actions.openQueue(text ? { ...rest, text } : rest, { keepFocus: true });
    }, TYPING_MS);
  }

  _draw() {
    this._list.replaceChildren(...this._items.map((item) => this._item(item)));
    if (!this._items.length)
      this._list.append(html("p", { class: "rv-empty" }, "No figure here. Choose another list."));
    this._light();
  }

  _item(item) {
    const counts = [
      [item.panels, "panel"],
      [item.markers, "marker"],
      [item.regions, "region"],
    ].filter(([count]) => count);
    return html(
      "div",
      {
        class: "rv-item",
        role: "option",
        "data-figure": item.id,
        "data-state": item.state,
        title: [`${item.label || item.id}, ${item.article_id}`, item.why].filter(Boolean).join("\n"),
        onclick: () => this._actions.open(item.id),
      },
      html("span", { class: "thumb" }, html("img", { src: thumbnailUrl(item.id), loading: "lazy", alt: "" })),
      html(
        "span",
        { class: "text" },
        html("b", {}, item.label || item.id),
        html("small", {}, item.article_id),
        html(
          "small",
          { class: "counts" },
          item.why.replace(/^about (.+?) in /, "$1, ") || counts.map(([count, name]) => `${count} ${name}${count > 1 ? "s" : ""}`).join(", ") || "no boxes",
        ),
      ),
      html(
        "span",
        { class: "side" },
        html(
          "span",
          { class: `sure ${sureness(item.confidence)}`, title: "how sure its panels are" },
          confidenceText(item.confidence),
        ),
        html(
          "span",
          { class: "state", title: item.state },
          icon({ accepted: "check", skipped: "skip" }[item.state] || "open"),
        ),
        item.lease_by && item.id !== this._currentId
          ? html("span", { class: "state", title: `${item.lease_by} has it open` }, icon("lock"))
          : null,
        item.auto ? html("span", { class: "auto", title: "Accepted without a person: not verified" }, "auto") : null,
        item.flags ? html("span", { class: "flagged", title: `${item.flags} to look at` }, icon("flag")) : null,
      ),
    );
  }

  _light() {
    for (const row of this._list.querySelectorAll("[data-figure]")) {
      const current = row.dataset.figure === this._currentId;
      row.setAttribute("aria-selected", String(current));
      if (current && this._sightedId !== this._currentId) {
        this._sightedId = this._currentId; // once: the list stays where the curator scrolls it
        row.scrollIntoView({ block: "nearest" });
      }
    }
    this._count.textContent = this._total ? String(this._total) : "";
  }
}

function itemOf(figure) {
  const count = (level) => figure.nodes.filter((node) => node.level === level && node.state !== "rejected").length;
  return {
    id: figure.id,
    label: figure.label,
    article_id: figure.article_id,
    state: figure.state,
    confidence: figure.confidence,
    flags: figure.flags.length,
    panels: count("panel"),
    markers: count("marker"),
    regions: count("region"),
  };
}
