// The open figure's edits and its lease: what is done is shown at once and then saved, as long as this page may edit.

import { nodeOf } from "./figure.js";
import { Outbox } from "./outbox.js";
import { Lease, tabName } from "./lease.js";
import { Activity } from "./activity.js";

export class Saving {
  // `screen`: {settle(), listed(figure), changed(), say(text, kind, action), cannot(error, again), open(figureId)}
  constructor(root, server, state, figures, screen) {
    this._root = root;
    this._state = state;
    this._figures = figures;
    this._screen = screen;
    this._activity = new Activity();
    const tab = tabName();
    this.outbox = new Outbox(server, figures, tab, {
      confirmed: (figure) => this._confirmed(figure),
      refused: (figureId, error, lost) => this._refused(figureId, error, lost),
      held: (figureId, error) => this._held(figureId, error),
      changed: () => screen.changed(),
    });
    this._lease = new Lease(server, tab, (figureId, answer) => this._leased(figureId, answer));
  }

  // Sends what an earlier page left behind.
  start() {
    this.outbox.start();
  }

  // A figure is about to be shown: its work is counted from here, and nobody knows yet who holds it.
  begin() {
    this._activity.take();
    this._root.dataset.lease = "asking";
  }

  lease(figureId) {
    this._lease.open(figureId);
  }

  takeOver() {
    this._lease.takeOver();
  }

  isOpen(figureId) {
    return this._state.figure !== null && this._state.figure.id === figureId;
  }

  // Shows a confirmed figure with the edits that wait.
  show(figure) {
    const shown = withKnownParts(this.outbox.view(figure), this._state.figure);
    const { selectedId } = this._state;
    this._state.set({ figure: shown, selectedId: nodeOf(shown, selectedId) ? selectedId : null });
    this._root.dataset.revision = figure.revision;
  }

  // `action`: commands, undo, redo or adopt, the last with `more`. False where the figure cannot be edited now.
  edit(action, commands, more = {}) {
    this._screen.settle();
    const { figure, readOnly } = this._state;
    if (!figure) return false;
    if (readOnly) {
      this._screen.say(`Read only: ${readOnly}.`);
      return false;
    }
    const confirmed = this._figures.known(figure.id);
    this.outbox.push(confirmed, { action, commands, seconds: this._activity.take(), ...more });
    this.show(confirmed);
    this._screen.listed(this._state.figure);
    return true;
  }

  undo() {
    this._screen.settle();
    if (this._state.figure?.undoable) this.edit("undo", []);
    else this._screen.say("Nothing to undo in this figure.");
  }

  redo() {
    if (this._state.figure?.redoable) this.edit("redo", []);
    else this._screen.say("Nothing to redo in this figure.");
  }

  // Forgets the edits that wait.
  discard(figureId) {
    this.outbox.drop(figureId);
    this.reload(figureId);
  }

  async reload(figureId) {
    try {
      const figure = await this._figures.fetch(figureId);
      if (this.isOpen(figureId)) this.show(figure);
      this._screen.listed(figure);
    } catch (error) {
      this._screen.cannot(error, () => this.reload(figureId));
    }
  }

  _confirmed(figure) {
    if (this.isOpen(figure.id)) this.show(figure);
    this._screen.listed(this.outbox.view(figure));
  }

  async _refused(figureId, error, lost) {
    const name = this.isOpen(figureId) ? "" : `${figureId}: `;
    const others = lost > 1 ? ` (and ${lost - 1} that followed it)` : "";
    this._screen.say(`${name}${error.message}${others}`, "bad");
    await this.reload(figureId);
  }

  _held(figureId, error) {
    const open = { title: "Open it", run: () => this._screen.open(figureId) };
    if (this.isOpen(figureId)) this._state.set({ readOnly: error.message });
    else this._screen.say(`${figureId}: ${error.message}`, "bad", open);
  }

  async _leased(figureId, { mine, holder, you, revision }) {
    this._root.dataset.lease = mine ? "mine" : "other";
    const known = this._figures.known(figureId);
    if (!mine) {
      this._state.set({
        readOnly: you ? "you are editing this figure in another tab" : `${holder} is editing this figure`,
      });
    } else if (this._state.readOnly) {
      this._state.set({ readOnly: null });
      this.outbox.resume(figureId);
    }
    if (known && known.revision !== revision && !this.outbox.waitingFor(figureId)) await this.reload(figureId);
  }
}

// The figure with those parts of `known` that are equal: what depends on them alone need not be drawn again when the
// server confirms what is on the screen.
function withKnownParts(figure, known) {
  if (!known || known.id !== figure.id) return figure;
  const same = ["nodes", "shared", "flags"].filter(
    (part) => JSON.stringify(figure[part]) === JSON.stringify(known[part]),
  );
  return { ...figure, ...Object.fromEntries(same.map((part) => [part, known[part]])) };
}
