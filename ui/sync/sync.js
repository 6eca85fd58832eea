// The Sync tab: follows the address and the server's state, and asks again while it is seen.

import { html } from "../editor/dom.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { Choose } from "./choose.js";
import { Conflict } from "./conflict.js";
import { Connection } from "./connection.js";
import { Figures } from "./figures.js";
import { listHref, readPlace } from "./places.js";
import { Rail } from "./rail.js";

const FAST_MS = 700; // while a pass runs or is about to
const SLOW_MS = 4000;
const COUNTS_MS = 4000; // while a pass runs; counting 100,000 figures takes a fifth of a second
const QUIET_COUNTS_MS = 20_000; // else; what a pass changed is counted when it ends
const SAID_MS = 6000; // guess: long enough to read a sentence and press its link

export class Sync {
  constructor(place, server) {
    this._place = place;
    this._server = server;
    this._turn = 0;
    this._timer = 0;
    this._counted = 0;
    this._passes = -1;
    this._counts = null;
    this._state = null;
    this._shown = "";
    const does = {
      say: (sentence, tone, link) => this._say(sentence, tone, link),
      changed: (state) => this._took(state),
      goTo: (href) => this._goTo(href),
      decided: () => this._look(true),
    };
    this._rail = new Rail({
      now: () => this._do("sync_now", {}),
      watch: (on) => this._do("sync_watch", { on }),
      sendNew: (on) => this._do("sync_send_new", { on }),
    });
    this._figures = new Figures(server, does);
    this._choose = new Choose(server, does);
    this._conflict = new Conflict(server, does);
    this._connection = new Connection(server, (state) => {
      this._took(state);
      this._goTo(listHref(null));
    });
    this._away = html("p", { class: "notice bad away", role: "alert", hidden: true });
    this._toast = html("p", { class: "toast", role: "status", hidden: true });
    this._main = html("main", { tabindex: "-1" });
    place.append(this._rail.node, html("div", { class: "stage" }, this._away, this._main), this._toast);
    this._rail.node.hidden = true;
    window.addEventListener("hashchange", () => this._isSeen && readPlace() && this._draw());
    document.addEventListener("curator:tab", (event) => event.detail === "sync" && place.isConnected && this.open());
    document.addEventListener("visibilitychange", () => this._isSeen && this.open());
  }

  open() {
    return this._look(true);
  }

  get _isSeen() {
    return this._place.isConnected && this._place.offsetParent !== null && !document.hidden;
  }

  async _look(withCounts = false) {
    const mine = ++this._turn;
    clearTimeout(this._timer);
    const fresh = this._state && this._state.running ? COUNTS_MS : QUIET_COUNTS_MS;
    const counts = withCounts || Date.now() - this._counted >= fresh;
    try {
      let state = await ask(this._server, "sync_state", { counts });
      if (mine !== this._turn) return;
      const hasPicked = isPicking(this._state) && !isPicking(state);
      if (!counts && (state.passes !== this._passes || hasPicked)) {
        state = await ask(this._server, "sync_state", { counts: true });
        if (mine !== this._turn) return;
      }
      say(this._away, "");
      this._took(state);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      say(this._away, error.message);
      this._place.dataset.ready = "true";
    }
    this._wait();
  }

  _wait() {
    clearTimeout(this._timer);
    const state = this._state;
    const isNear = state && (state.running || state.waiting || isPicking(state) || (state.next_at && state.next_at - Date.now() / 1000 < 2));
    this._timer = setTimeout(() => {
      // what is not seen is not asked for: `open` begins again once it is
      if (this._isSeen) this._look();
    }, isNear ? FAST_MS : SLOW_MS);
  }

  // Shows a state that the server gave; an answer that is under way is older than it.
  _took(state) {
    ++this._turn;
    if (state.counts) {
      this._counts = state.counts;
      this._counted = Date.now();
      this._passes = state.passes;
    }
    this._state = { ...state, counts: this._counts };
    this._draw();
    this._place.dataset.ready = "true";
    this._place.dataset.passes = String(state.passes);
    this._wait();
  }

  _draw() {
    const state = this._state;
    if (!state) return;
    const place = readPlace() || { view: "list", value: null };
    this._rail.node.hidden = !state.connected;
    this._place.dataset.connected = String(Boolean(state.connected));
    if (state.connected) this._rail.show(state);
    const view = state.connected ? place.view : "connection";
    const shown = `${view} ${view === "list" ? "" : place.value} ${Boolean(state.connected)}`;
    const isNew = shown !== this._shown;
    this._shown = shown;
    if (view === "connection") {
      this._put(this._connection.node);
      if (isNew) this._connection.show(state);
    } else if (view === "choose") {
      this._put(this._choose.node);
      if (isNew) this._choose.show();
    } else if (view === "conflict") {
      this._put(this._conflict.node);
      if (isNew || this._drawn !== state.passes) this._conflict.show(place.value);
    } else {
      this._put(this._figures.node);
      this._figures.show(place.value, this._state);
    }
    this._drawn = state.passes;
  }

  _put(node) {
    if (this._main.firstChild === node) return;
    const held = this._main.contains(document.activeElement);
    this._main.replaceChildren(node);
    if (held) this._main.focus(); // what had the keyboard is gone
  }

  _goTo(href) {
    if (location.hash === href) this._draw();
    else location.hash = href;
  }

  async _do(name, request) {
    ++this._turn; // an answer that is under way is older than what this does
    try {
      this._took(await ask(this._server, name, request));
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._say(error.message, "bad");
      await this._look();
    }
  }

  // `link`: {href, text}
  _say(sentence, tone = "good", link = null) {
    clearTimeout(this._silence);
    this._toast.hidden = false;
    this._toast.dataset.tone = tone;
    this._toast.replaceChildren(sentence, link ? html("a", { href: link.href }, link.text) : "");
    this._silence = setTimeout(() => {
      this._toast.hidden = true;
    }, SAID_MS);
  }
}

const isPicking = (state) => Boolean(state && state.picking && !state.picking.error);

// Starts the tab in its component's element.
export function startSync(element, server) {
  const sync = new Sync(element.querySelector(".sync"), server);
  if (readPlace()) sync.open();
}
