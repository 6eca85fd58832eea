// The lease of the open figure: taken when it opens, renewed by a heartbeat, given back when it closes.

import { call } from "./calls.js";

const HEARTBEAT_MS = 20000; // a third of the server's lease
const TAB = "curator.tab";

// This page's name among the curator's pages. It lies in session storage only while the page is away: a reload finds it
// and keeps its lease, a duplicate of the tab does not.
export function tabName() {
  const name = sessionStorage.getItem(TAB) || crypto.randomUUID();
  sessionStorage.removeItem(TAB);
  addEventListener("pagehide", () => sessionStorage.setItem(TAB, name));
  addEventListener("pageshow", () => sessionStorage.removeItem(TAB));
  return name;
}

export class Lease {
  // `told`: (figureId, {mine, holder, you, revision}) after each answer
  constructor(server, tab, told) {
    this._server = server;
    this._tab = tab;
    this._told = told;
    this._figureId = null;
    this._timer = 0;
    this._asked = 0;
    this._answered = 0; // the latest question that has an answer
    addEventListener("pagehide", () => this._giveBack());
    document.addEventListener("visibilitychange", () => document.hidden || this._beat());
  }

  async open(figureId) {
    const leaving = this._figureId !== figureId ? this._figureId : null;
    this._figureId = figureId;
    await this._ask({ leaving });
  }

  async takeOver() {
    await this._ask({ take_over: true });
  }

  async _ask(more) {
    const figureId = this._figureId;
    const turn = ++this._asked;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._beat(), HEARTBEAT_MS);
    try {
      const answer = await call(this._server, "lease", { figure_id: figureId, tab: this._tab, ...more });
      if (figureId !== this._figureId || turn < this._answered) return; // a later question was answered before
      this._answered = turn;
      this._told(figureId, answer);
    } catch {
      // no answer: the next beat asks again, and an edit without a lease is refused by the server itself
    }
  }

  _beat() {
    if (this._figureId) this._ask({});
  }

  _giveBack() {
    // not awaited: the page is going; where it does not arrive the lease runs out by itself
    if (this._figureId) call(this._server, "release", { figure_id: this._figureId, tab: this._tab }).catch(() => null);
  }
}
