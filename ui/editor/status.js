// Whether what the curator did is saved, and who may edit: told in words, from the outbox and the lease.

import { button, html } from "./dom.js";

export class Status {
  // `does`: {takeOver(), discard()} for the open figure
  constructor(root, state, outbox, does) {
    this._root = root;
    this._state = state;
    this._outbox = outbox;
    this._does = does;
    this.banner = html("div", { class: "rv-banner", role: "alert", hidden: true });
    state.on(["readOnly", "figure"], () => this._drawBanner());
  }

  // After any change of the outbox.
  draw() {
    const { waiting, failing } = this._outbox;
    const held = this._outbox.figureIds().some((id) => this._outbox.isHeld(id));
    const edits = `${waiting} edit${waiting === 1 ? "" : "s"}`;
    let [value, text] = ["false", "saving"];
    if (!waiting) [value, text] = ["true", "saved"];
    else if (failing) [value, text] = ["failing", `${edits} not saved, trying again`];
    else if (held) [value, text] = ["held", `${edits} not saved`];
    this._root.dataset.saved = value;
    // the page's header has a place for it; an editor that stands alone tells by the attribute only
    const place = document.getElementById("saved-state");
    if (place) {
      place.textContent = text;
      place.dataset.saved = value;
    }
    this._drawBanner();
  }

  _drawBanner() {
    const { readOnly, figure } = this._state;
    this.banner.hidden = !readOnly || !figure;
    if (this.banner.hidden) return;
    const waiting = this._outbox.waitingFor(figure.id);
    const sentences = [`${readOnly[0].toUpperCase()}${readOnly.slice(1)}`.replace(/\.?$/, ".")];
    if (waiting)
      sentences.push(
        waiting === 1 ? "Your last edit waits and is not saved." : `Your last ${waiting} edits wait and are not saved.`,
      );
    const takeOver = { class: "c-button", onclick: this._does.takeOver };
    const discard = { class: "c-button", onclick: this._does.discard };
    this.banner.replaceChildren(
      html("span", {}, sentences.join(" ")),
      button("Take over: the other page can no longer edit it", takeOver, "Take over"),
      waiting ? button("Forget the edits that wait", discard, "Discard") : "",
    );
  }
}
