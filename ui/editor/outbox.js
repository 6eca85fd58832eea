// Edits on their way to the server: applied at once, sent in order, one in flight, kept until confirmed.
//
// An edit leaves the outbox when the server has confirmed it, or when it can never be saved (then the curator is told).
// Entries lie in session storage too, so that a reload sends what was not confirmed; the server knows a repeated one by
// its key.

import { CallError, call } from "./calls.js";
import { obey } from "./commands.js";

const STORED = "curator.outbox";
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15000];

export class Outbox {
  // `told`: {confirmed(figure), refused(figureId, error, lostEdits), held(figureId, error), changed()}
  constructor(server, figures, tab, told) {
    this._server = server;
    this._figures = figures;
    this._tab = tab;
    this._told = told;
    this._sending = false;
    this._attempts = 0;
    this._timer = 0;
    this._held = new Set();
    this._entries = [];
    this._revisions = {};
    this._recall();
    addEventListener("online", () => this._retryNow());
  }

  get waiting() {
    return this._entries.length;
  }

  get failing() {
    return this._attempts > 0;
  }

  isHeld(figureId) {
    return this._held.has(figureId);
  }

  figureIds() {
    return [...new Set(this._entries.map((entry) => entry.figureId))];
  }

  waitingFor(figureId) {
    return this._entries.filter((entry) => entry.figureId === figureId).length;
  }

  // The confirmed figure with the edits that wait.
  view(figure) {
    const commands = this._entries.filter((entry) => entry.figureId === figure.id).flatMap((entry) => entry.commands);
    return commands.length ? { ...obey(figure, commands), undoable: true, redoable: false } : figure;
  }

  // `figure`: as last confirmed. `edit`: {action, commands, seconds, ...}, as EditRequest in requests.py.
  push(figure, edit) {
    if (!this.waitingFor(figure.id)) this._revisions[figure.id] = figure.revision;
    this._entries.push({ figureId: figure.id, key: crypto.randomUUID(), ...edit });
    this._remember();
    this._told.changed();
    this._send();
  }

  // Sends what was held back, from the revision on which it was made.
  resume(figureId) {
    this._held.delete(figureId);
    this._send();
  }

  drop(figureId) {
    const before = this._entries.length;
    this._entries = this._entries.filter((entry) => entry.figureId !== figureId);
    this._held.delete(figureId);
    delete this._revisions[figureId];
    this._remember();
    this._told.changed();
    return before - this._entries.length;
  }

  // Sends what an earlier page left behind.
  start() {
    this._send();
  }

  _retryNow() {
    clearTimeout(this._timer);
    this._send();
  }

  async _send() {
    if (this._sending) return;
    const entry = this._entries.find((one) => !this._held.has(one.figureId));
    if (!entry) return;
    this._sending = true;
    try {
      const { figureId, ...edit } = entry;
      const revision = this._revisions[figureId];
      const request = { figure_id: figureId, tab: this._tab, revision, ...edit };
      const { figure } = await call(this._server, "edit", request);
      this._attempts = 0;
      this._entries = this._entries.filter((one) => one !== entry);
      if (this.waitingFor(figureId)) this._revisions[figureId] = figure.revision;
      else delete this._revisions[figureId];
      this._figures.keep(figure);
      this._remember();
      this._told.confirmed(figure);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this._failed(entry.figureId, error);
    } finally {
      this._sending = false;
    }
    this._told.changed();
    if (!this.failing) this._send();
  }

  _failed(figureId, error) {
    if (error.kind === "network" || error.kind === "busy") {
      const wait = RETRY_MS[Math.min(this._attempts, RETRY_MS.length - 1)];
      this._attempts += 1;
      clearTimeout(this._timer);
      this._timer = setTimeout(() => this._send(), wait);
      return;
    }
    this._attempts = 0;
    if (error.kind === "lease") {
      this._held.add(figureId);
      this._told.held(figureId, error);
    } else {
      this._told.refused(figureId, error, this.drop(figureId));
    }
  }

  _remember() {
    if (this._entries.length) {
      sessionStorage.setItem(STORED, JSON.stringify({ entries: this._entries, revisions: this._revisions }));
    } else sessionStorage.removeItem(STORED);
  }

  _recall() {
    try {
      const stored = JSON.parse(sessionStorage.getItem(STORED) || "null");
      if (!stored) return;
      this._entries = stored.entries;
      this._revisions = stored.revisions;
    } catch {
      sessionStorage.removeItem(STORED);
    }
  }
}
