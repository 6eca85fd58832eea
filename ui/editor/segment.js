// Pointing instead of drawing: a click or a box becomes the outline of a thing, shown until it is accepted.

import { html } from "./dom.js";
import { holds } from "./geometry.js";
import { call, CallError } from "./calls.js";
import { nodeOf } from "./figure.js";
import { addition, nextId, panelAt } from "./commands.js";

const PATIENCE = 30; // guess: answers "working" of two seconds each, until something must be wrong
const NEAR = 8; // screen px: a second click so near is a double click
const HOW = "click a thing, or drag a box around it";
const DECIDE =
  "Enter keeps it (P, M, R: as panel, marker, region); Shift+click adds, Alt or Ctrl+click takes away; Esc drops it";

export class Segment {
  // `does`: {edit(commands), say(text, kind), markerKind()}
  constructor(state, canvas, server, does) {
    this._state = state;
    this._canvas = canvas;
    this._server = server;
    this._does = does;
    this._clicks = [];
    this._box = null;
    this._found = null; // {box_xyxy, polygon_xy} that waits for a decision
    this._asking = null; // the open question: {figureId, level, keep}; `keep` {level} where its answer is accepted already
    this._name = ""; // of what is at work, and why it is
    this._why = "";
    this._text = html("span", {});
    this._who = html("b", {});
    this.hint = html("div", { class: "rv-hint", role: "status", hidden: true }, this._who, this._text);
    state.on(["tool"], () => this._toolChanged());
  }

  // A figure is open: the server prepares it, and then the next.
  async opened(figureId, nextId) {
    this.drop();
    try {
      this._tell(await call(this._server, "segment_open", { figure_id: figureId, next_id: nextId }));
    } catch (error) {
      if (!(error instanceof CallError)) throw error; // told at the first click, which needs an answer
    }
  }

  // What the pointer did with this tool: a click {xy, add, away}, or a box {box}.
  pointed({ xy, add, away, box }) {
    const alone = !add && !away;
    if (alone && !(xy && this._isSame(xy))) this.accept();
    if (alone) [this._clicks, this._box] = [[], null];
    if (box) this._box = box;
    else if (!away || this._clicks.length || this._box) this._clicks.push({ xy, inside: !away });
    if (this._clicks.length || this._box) this._ask();
  }

  // A click that asks again for the same thing: into its box, or where the last one was.
  _isSame(xy) {
    if (this._found && !this._asking) return holds(this._found.box_xyxy, xy);
    const last = this._clicks.at(-1);
    return Boolean(last) && Math.hypot(xy[0] - last.xy[0], xy[1] - last.xy[1]) * this._canvas.view.scale < NEAR;
  }

  // Keeps the outline as a node of the level, by default of what it probably is: now, or as soon as it is there. False
  // where nothing was pointed at.
  accept(level = null) {
    if (!this._clicks.length && !this._box) return false;
    if (this._asking) this._asking.keep = { level };
    else if (this._found) {
      const found = this._found;
      const wanted = level || this._level();
      this.drop();
      this._add(found, wanted);
    }
    return true;
  }

  _add({ box_xyxy, polygon_xy }, level) {
    const { figure, selected } = this._state;
    const command = addition(figure, level, box_xyxy, selected, this._does.markerKind());
    if (level !== "marker") command.polygon_xy = polygon_xy;
    const id = nextId(figure, level);
    if (this._does.edit([command])) this._state.set({ selectedId: id });
  }

  // Forgets what was pointed at; false where nothing was.
  drop() {
    const any = this._clicks.length > 0 || this._box !== null;
    [this._clicks, this._box, this._found, this._asking] = [[], null, null, null];
    this._idle();
    return any;
  }

  _idle() {
    this._show("ready", this._why ? `${HOW} (${this._why})` : HOW);
  }

  _toolChanged() {
    this.hint.hidden = this._state.tool !== "segment";
    this.drop();
    if (!this.hint.hidden && !this._name) this._refresh();
  }

  async _refresh() {
    try {
      this._tell(await call(this._server, "segment_status", {}));
    } catch (error) {
      if (!(error instanceof CallError)) throw error; // told at the first click
    }
  }

  _tell({ state, name, why }) {
    this._name = state === "ready" ? name : "";
    this._who.textContent = this._name || "Loading the segmenter";
    this._why = why;
    this._canvas.element.dataset.segmenter = this._name;
    if (!this._clicks.length && !this._box) this._idle();
  }

  // A thing inside a panel is a region, anything else a panel.
  _level() {
    return this._panelId() ? "region" : "panel";
  }

  _panelId() {
    const { figure } = this._state;
    const first = this._clicks[0];
    return panelAt(figure, first ? [...first.xy, ...first.xy] : this._box);
  }

  async _ask() {
    const { figure } = this._state;
    const panelId = this._panelId();
    const asking = (this._asking = { figureId: figure.id, level: this._level(), keep: null });
    const request = {
      figure_id: figure.id,
      clicks: this._clicks.map(({ xy: [x, y], inside }) => [x, y, inside]),
      box_xyxy: this._box,
      within_xyxy: panelId ? nodeOf(figure, panelId).box_xyxy : null,
    };
    this._show("working", "looking");
    try {
      this._answered(asking, await this._answer(request, () => asking === this._asking || asking.keep));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (asking === this._asking) this.drop();
      if (this._isOpen(asking)) this._does.say(error.message, "bad");
    }
  }

  _answered(asking, answer) {
    if (!this._isOpen(asking)) return;
    if (!this._name) this._refresh();
    const isCurrent = asking === this._asking;
    const isFound = answer.state === "done";
    if (isFound && asking.keep) {
      if (isCurrent) this.drop();
      this._add(answer, asking.keep.level || asking.level);
    } else if (isCurrent) {
      this._asking = null;
      this._found = isFound ? answer : null;
      if (isFound) this._show("found", DECIDE);
      else this._show("nothing", "nothing stands out there; drag a box around it");
    }
  }

  // Whether somebody waits for the answer: not after Escape or in another figure.
  _isOpen(asking) {
    const { figure } = this._state;
    return (asking === this._asking || asking.keep !== null) && figure !== null && figure.id === asking.figureId;
  }

  async _answer(request, isWanted) {
    for (let asked = 0; asked < PATIENCE && isWanted(); asked += 1) {
      const answer = await call(this._server, "segment", request);
      if (answer.state !== "working") return answer;
    }
    throw new CallError("busy", "The figure is still being prepared for clicks. Try again, or draw the box.");
  }

  _show(state, text) {
    const { element } = this._canvas;
    element.dataset.segment = state;
    this._text.textContent = text;
    const found = this._found;
    const things = found ? [{ level: this._level(), box: found.box_xyxy, polygon: found.polygon_xy }] : [];
    this._canvas.preview = things.length || this._clicks.length ? { things, clicks: this._clicks } : null;
    this._canvas.draw();
  }
}
