// Moving and sizing the selected box with the arrow keys: shown at once, saved as one edit when the keys rest.

import { boxBetween, shifted } from "./geometry.js";
import { allowedShift } from "./pointer.js";
import { descendantsOf } from "./figure.js";

const REST_MS = 500;

export class Nudge {
  constructor(state, canvas, edit) {
    this._state = state;
    this._canvas = canvas;
    this._edit = edit;
    this._moved = null; // {node, dx, dy, dw, dh} since the last save
    this._timer = 0;
    state.on(["selectedId"], () => this.commit());
  }

  // Shifts the box by (dx, dy) image pixels and its right and lower edge by (dw, dh) more. False: nothing is selected.
  by(dx, dy, dw, dh) {
    const { selected, readOnly, locked } = this._state;
    if (!selected || readOnly || locked.has(selected.level)) return false;
    const before = this._moved || { node: selected, dx: 0, dy: 0, dw: 0, dh: 0 };
    this._moved = { node: before.node, dx: before.dx + dx, dy: before.dy + dy, dw: before.dw + dw, dh: before.dh + dh };
    this._canvas.draft = { boxes: new Map(this._boxes()) };
    this._canvas.draw();
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.commit(), REST_MS);
    return true;
  }

  commit() {
    clearTimeout(this._timer);
    if (!this._moved) return;
    const { node, dw, dh } = this._moved;
    const [dx, dy] = this._shift();
    const box = this._sized(node);
    this._moved = null;
    this._canvas.draft = null;
    const commands = [];
    if (dx || dy) commands.push({ op: "move", id: node.id, dx, dy });
    if (dw || dh) commands.push({ op: "resize", id: node.id, box_xyxy: shifted(box, dx, dy) });
    if (commands.length) this._edit(commands);
    this._canvas.draw();
  }

  _all() {
    return [this._moved.node, ...descendantsOf(this._state.figure, this._moved.node.id)];
  }

  _shift() {
    return allowedShift(this._all(), this._moved.dx, this._moved.dy, this._state.figure.image_wh);
  }

  _sized({ box_xyxy: [x0, y0, x1, y1] }) {
    const { dw, dh } = this._moved;
    return boxBetween([x0, y0], [Math.max(x1 + dw, x0 + 2), Math.max(y1 + dh, y0 + 2)], this._state.figure.image_wh);
  }

  _boxes() {
    const [dx, dy] = this._shift();
    return this._all().map((node) => [
      node.id,
      shifted(node === this._moved.node ? this._sized(node) : node.box_xyxy, dx, dy),
    ]);
  }
}
