// The list of figures by where they stand: filter, search, and what is done with picked ones.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { makeGrid, PAGE } from "../gallery/grid.js";
import { AskError, ask } from "../train/asking.js";
import { conflictHref, listHref, reviewHref } from "./places.js";
import { STATUSES, isoSeconds, pickedText, statusText, statusTitle, whenText } from "./statuses.js";

const ROW_PX = 44;
const TYPED_MS = 250; // guess: between the last key and the search

export class Figures {
  // `does`: {say(sentence, tone), changed(state)}
  constructor(server, does) {
    this._server = server;
    this._does = does;
    this._status = null;
    this._text = "";
    this._turn = 0;
    this._seen = "";
    this._picked = new Set();
    this._last = null;
    this._tabs = html("nav", { class: "statuses", "aria-label": "Where figures stand" });
    this._search = html("input", {
      type: "search",
      class: "c-field find",
      placeholder: "Find by id",
      "aria-label": "Find by id",
      maxlength: 200,
      oninput: () => this._typed(),
    });
    this._n = html("b", {});
    this._bar = html(
      "div",
      { class: "picked", role: "toolbar", "aria-label": "Picked figures", hidden: true },
      this._n,
      html("span", { class: "grow" }),
      html("button", { type: "button", class: "c-button primary", "data-right": "sync", onclick: () => this._do("sync_send") }, "Send"),
      html(
        "button",
        {
          type: "button",
          class: "c-button",
          "data-right": "sync",
          title: "Nothing of them is sent or read any more; what is there stays as it is",
          onclick: () => this._do("sync_take_out"),
        },
        "Leave out",
      ),
      html("button", { type: "button", class: "c-button", onclick: () => this._drop() }, "Clear"),
    );
    this._grid = html("div", { class: "grid", role: "list", "aria-label": "Figures" });
    this._scroll = html("div", { class: "scroll" }, this._grid);
    this._none = html("div", { class: "c-empty", hidden: true });
    this.node = html("div", { class: "page list" }, html("div", { class: "top" }, this._tabs, this._search), this._bar, this._none, this._scroll);
    this._rows = makeGrid(this._scroll, this._grid, {
      fetchPage: (offset) => this._fetched(offset),
      cardOf: (item) => this._rowOf(item),
      keyOf: (item) => JSON.stringify(item),
      minWidth: 100_000, // one column
      heightOf: () => ROW_PX,
      gap: 0,
    });
    this._grid.addEventListener("click", (event) => this._clicked(event));
    this._grid.addEventListener("keydown", (event) => this._pressed(event));
  }

  // Shows the figures of a status; reads them again where `state` says that something has changed.
  async show(status, state) {
    const counts = state.counts;
    if (counts) this._showTabs(status, counts);
    const seen = JSON.stringify([status, this._text, state.passes, counts]);
    if (seen === this._seen) return;
    const keep = status === this._status && this._seen !== "";
    this._seen = seen;
    this._status = status;
    await this._load(keep);
  }

  _showTabs(status, counts) {
    const total = Object.values(counts).reduce((a, b) => a + b, 0);
    const tab = (name, text, count, title) => {
      const link = html(
        "a",
        { href: listHref(name), title, "data-status": name || "all", "data-none": count ? null : "" },
        html("span", {}, text),
        html("b", { class: "c-num" }, count.toLocaleString("en")),
      );
      if (name === status) link.setAttribute("aria-current", "page");
      return link;
    };
    this._tabs.replaceChildren(
      tab(null, "all", total, "All figures that are mined, or there"),
      ...STATUSES.map((name) => tab(name, statusText(name), counts[name], statusTitle(name))),
    );
  }

  async _load(keep) {
    const mine = ++this._turn;
    const answer = await this._asked(0);
    if (mine !== this._turn || !answer) return;
    this._none.hidden = answer.total > 0;
    this._scroll.hidden = answer.total === 0;
    if (!answer.total) {
      this._none.replaceChildren(
        html("strong", {}, this._text ? "No such figure" : "None"),
        html("span", {}, this._text ? "No figure here has that in its id." : emptyText(this._status)),
      );
    }
    this._rows.show(answer.total, answer.items, keep);
  }

  async _fetched(offset) {
    const answer = await this._asked(offset);
    return answer && answer.items;
  }

  async _asked(offset) {
    try {
      return await ask(this._server, "sync_figures", { status: this._status, text: this._text, offset, limit: PAGE });
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._does.say(error.message, "bad");
      return undefined;
    }
  }

  _typed() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._text = this._search.value.trim();
      this._load(false);
    }, TYPED_MS);
  }

  _rowOf(item) {
    const { figure_id: id, status } = item;
    const picture = html("span", { class: "picture" }, html("img", { src: `/thumbnail/${encodeURIComponent(id)}`, alt: "", loading: "lazy" }));
    picture.firstChild.addEventListener("error", () => picture.classList.add("missing"));
    const row = html(
      "div",
      { class: "card row", "data-figure": id, "data-status": status },
      html("button", {
        type: "button",
        class: "pick",
        role: "checkbox",
        "aria-checked": String(this._picked.has(id)),
        "aria-label": `Pick ${id}`,
        title: "Pick (Space; Shift picks all between)",
        tabIndex: -1,
      }),
      picture,
      html(
        "a",
        { class: "name", href: status === "conflict" ? conflictHref(id) : reviewHref(id) },
        html("b", {}, item.label || id),
        html("span", { class: "soft" }, id),
      ),
      html("span", { class: "c-chip", "data-sync": status, title: statusTitle(status) }, statusText(status)),
      html("span", { class: "soft detail", title: item.reason }, detailOf(item)),
      html(
        "span",
        { class: "links" },
        status === "conflict" && html("a", { href: conflictHref(id) }, "Decide"),
        status !== "conflict" &&
          item.decided > 0 &&
          html("a", { href: conflictHref(id), title: "Conflicts that were decided: decide again" }, "Decided"),
        html("a", { href: reviewHref(id) }, "Review"),
        item.task_url &&
          html("a", { href: item.task_url, target: "_blank", rel: "noreferrer", title: `Task ${item.task_id} there` }, "Label Studio ↗"),
      ),
    );
    row.classList.toggle("is-picked", this._picked.has(id));
    return row;
  }

  _clicked(event) {
    const row = event.target.closest(".card");
    if (!row || !(event.shiftKey || event.target.closest(".pick"))) return;
    event.preventDefault();
    this._toggle(Number(row.dataset.index), event.shiftKey);
  }

  _pressed(event) {
    const row = event.target.closest(".card");
    if (event.key === "Escape" && this._picked.size) this._drop();
    if (event.key !== " " || !row) return;
    event.preventDefault();
    this._toggle(Number(row.dataset.index), event.shiftKey);
  }

  _toggle(index, through) {
    const item = this._rows.at(index);
    if (!item) return;
    const pick = !this._picked.has(item.figure_id);
    const from = through && this._last !== null ? this._last : index;
    for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
      const one = this._rows.at(at);
      if (one && (pick || from !== index)) this._picked.add(one.figure_id);
      else if (one) this._picked.delete(one.figure_id);
    }
    this._last = index;
    this._drawPicked();
  }

  _drop() {
    this._picked.clear();
    this._last = null;
    this._drawPicked();
  }

  _drawPicked() {
    this._bar.hidden = !this._picked.size;
    this._n.textContent = `${countText(this._picked.size, "figure")} picked`;
    for (const row of this._grid.querySelectorAll(".card")) {
      const picked = this._picked.has(row.dataset.figure);
      row.classList.toggle("is-picked", picked);
      row.querySelector(".pick").setAttribute("aria-checked", String(picked));
    }
  }

  async _do(name) {
    try {
      const state = await ask(this._server, name, { figure_ids: [...this._picked] });
      this._does.say(pickedText(name, state), "good");
      this._drop();
      this._does.changed(state);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._does.say(error.message, "bad");
    }
  }
}

function detailOf(item) {
  switch (item.status) {
    case "conflict":
      return `${countText(item.conflicts, "conflict")} to decide`;
    case "failed":
      return `${item.reason} (${item.tries === 1 ? "tried once" : `tried ${item.tries} times`}${item.next_at ? `, again ${whenText(item.next_at)}` : ""})`;
    case "waiting":
      return item.waiting_since ? `since ${whenText(isoSeconds(item.waiting_since))}` : "";
    default:
      return "";
  }
}

function emptyText(status) {
  if (status === "conflict") return "Nothing is at odds: both sides agree on everything.";
  if (status === "failed") return "Nothing failed.";
  if (status === "waiting") return "Everything that changed here has been sent.";
  return status === null ? "No figure is mined yet." : `No figure is ${statusText(status)}.`;
}
