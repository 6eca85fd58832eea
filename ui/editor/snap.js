// Boxes drawn tight around what they mean: the selected one, or all of a level after a look at them.

import { html } from "./dom.js";
import { call, CallError } from "./calls.js";
import { nodeOf } from "./figure.js";

export class Snap {
  // `does`: {edit(commands), say(text, kind)}
  constructor(state, canvas, server, does) {
    this._state = state;
    this._canvas = canvas;
    this._server = server;
    this._does = does;
    this._commands = [];
    this._asked = null; // what is being asked for, to know a late answer
    const control = (text, run, primary) =>
      html("button", { type: "button", class: `c-button${primary ? " primary" : ""}`, onclick: run }, text);
    this._count = html("span", {});
    this._apply = control("Snap them", () => this._accept(), true);
    const gap = html("span", { class: "grow" });
    this._outcome = html("div", { class: "rv-inline", hidden: true }, this._count, gap, this._apply);
    // stands in the bulk dialog
    this.element = html(
      "div",
      { class: "rv-snap" },
      html(
        "div",
        { class: "rv-inline" },
        html("b", {}, "Draw boxes tight"),
        html("span", { class: "grow" }),
        control("Panels", () => this._look("panel")),
        control("Regions", () => this._look("region")),
      ),
      this._outcome,
    );
  }

  // The selected box, at once.
  async selected() {
    const { selected, readOnly } = this._state;
    if (!selected || readOnly) return;
    const answer = await this._ask({ ids: [selected.id] });
    if (!answer) return;
    if (answer.commands.length) this._does.edit(this._current(answer.commands));
    else this._does.say("The box stays: no outline agrees with it and fits it better.");
  }

  close() {
    this._asked = null;
    this._commands = [];
    this._outcome.hidden = true;
    this._canvas.preview = null;
    this._canvas.draw();
  }

  async _look(level) {
    this._outcome.hidden = false;
    this._apply.disabled = true;
    this._count.textContent = "looking";
    const answer = await this._ask({ level });
    if (!answer) return;
    this._commands = answer.commands;
    const { length } = answer.commands;
    this._count.textContent = `${length} of ${answer.looked_at} ${level}s fit better`;
    this._apply.disabled = !length;
    const things = answer.commands.map(({ box_xyxy, polygon_xy }) => ({ level, box: box_xyxy, polygon: polygon_xy }));
    this._canvas.preview = { things, clicks: [] };
    this._canvas.draw();
  }

  _accept() {
    const commands = this._current(this._commands);
    this.close();
    if (commands.length) this._does.edit(commands);
  }

  // Without those whose node has gone meanwhile.
  _current(commands) {
    return commands.filter(({ id }) => nodeOf(this._state.figure, id));
  }

  // The answer, or null where it comes too late or is an error, which is told.
  async _ask(what) {
    const { figure } = this._state;
    const asked = (this._asked = {});
    const isWanted = () => asked === this._asked && this._state.figure && this._state.figure.id === figure.id;
    try {
      while (isWanted()) {
        const answer = await call(this._server, "snap", { figure_id: figure.id, ...what });
        if (!isWanted()) return null;
        if (answer.state === "done") return answer;
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isWanted()) this._does.say(error.message, "bad");
    }
    return null;
  }
}
