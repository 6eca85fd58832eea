// What pointers do on the canvas: select, move, resize, draw, pan, zoom.
//
// A press becomes a drag only after DRAG px. Dragging the selected box moves it, dragging anything else moves the view:
// so a small box in a big one is a click away, and no big box moves by accident.

import { area, boxBetween, clamp, holds, shifted, unionOf } from "./geometry.js";
import { handlesOf } from "./canvas.js";
import { descendantsOf, stackAt } from "./figure.js";
import { addition, nextId } from "./commands.js";

const DRAG = 5; // screen px
const REACH = 7; // screen px around a handle
const LEAST = 2; // image px: the side of the smallest box that can be drawn
const WHEEL = 0.0016; // zoom per wheel unit; a notch of 100 is about 17 %

export class Pointer {
  // `edit(commands)` saves; `state` and `canvas` as named.
  constructor(state, canvas, edit) {
    this._state = state;
    this._canvas = canvas;
    this._edit = edit;
    this._gesture = null;
    this._touches = new Map();
    this._last = null; // where the pointer is, on the screen; null outside
    this.spaceHeld = false;
    this.markerKind = "arrow";
    this.pointed = () => null; // called with what the segment tool points at: {xy, add, away} or {box}
    const element = canvas.element;
    element.addEventListener("pointerdown", (event) => this._down(event));
    element.addEventListener("pointermove", (event) => this._move(event));
    element.addEventListener("pointerup", (event) => this._up(event));
    element.addEventListener("pointercancel", (event) => this._cancelled(event));
    element.addEventListener("pointerleave", () => this._left());
    element.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    element.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus, see _down
  }

  // Boxes under the pointer, smallest first.
  get stack() {
    return this._last ? stackAt(this._state.reachable, this._canvas.view.toImage(this._last)) : [];
  }

  // Selects the next larger box under the pointer; false where there is no stack to cycle.
  cycle(step) {
    const stack = this.stack;
    if (!stack.length) return false;
    const index = stack.findIndex((node) => node.id === this._state.selectedId);
    const next = index < 0 ? (step > 0 ? 0 : stack.length - 1) : (index + step + stack.length) % stack.length;
    this._state.set({ selectedId: stack[next].id });
    return true;
  }

  // Ends a gesture without an edit; false where there is none.
  cancel() {
    const running = this._gesture !== null;
    this._gesture = null;
    this._canvas.draft = null;
    this._canvas.draw();
    return running;
  }

  _at(event) {
    const { left, top } = this._canvas.element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  _down(event) {
    if (!this._state.figure || event.target.closest("textarea, input, button")) return;
    this._canvas.element.focus({ preventScroll: true });
    const at = this._at(event);
    this._last = at;
    this._canvas.element.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this._touches.set(event.pointerId, at);
      if (this._touches.size === 2) {
        this.cancel();
        this._gesture = { kind: "pinch", ...this._pinch() };
        return;
      }
    }
    if (event.button > 1) return;
    this._gesture = { ...this._begin(at, event.button === 1 || this.spaceHeld), from: at, last: at, dragged: false };
    if (this._gesture.kind === "pan") this._canvas.element.dataset.panning = "";
  }

  // Which gesture a press at a screen point starts.
  _begin(at, forcedPan) {
    const { tool, selected, readOnly, figure } = this._state;
    const view = this._canvas.view;
    if (forcedPan) return { kind: "pan" };
    if (tool !== "select" && !readOnly) return { kind: tool === "tip" ? "tip" : "draw", start: view.toImage(at), tool };
    if (selected && !readOnly && !this._state.locked.has(selected.level)) {
      const tip = selected.tip_xy && view.toScreen(selected.tip_xy);
      if (tip && Math.hypot(tip[0] - at[0], tip[1] - at[1]) <= REACH) return { kind: "tip", node: selected };
      const handle = this._handleAt(selected, at);
      if (handle) return { kind: "resize", node: selected, handle };
      if (holds(selected.box_xyxy, view.toImage(at))) {
        return { kind: "move", node: selected, moving: [selected, ...descendantsOf(figure, selected.id)] };
      }
    }
    return { kind: "look" };
  }

  _handleAt(node, [x, y]) {
    const found = handlesOf(this._canvas.view.boxToScreen(node.box_xyxy)).find(
      ([, hx, hy]) => Math.abs(hx - x) <= REACH && Math.abs(hy - y) <= REACH,
    );
    return found ? found[0] : null;
  }

  _move(event) {
    const at = this._at(event);
    this._last = at;
    if (this._touches.has(event.pointerId)) this._touches.set(event.pointerId, at);
    const gesture = this._gesture;
    if (!gesture) return this._hover(at);
    if (gesture.kind === "pinch") return this._pinched(gesture);
    if (!gesture.dragged && Math.hypot(at[0] - gesture.from[0], at[1] - gesture.from[1]) < DRAG) return;
    gesture.dragged = true;
    if (gesture.kind === "pan" || gesture.kind === "look") {
      this._canvas.element.dataset.panning = "";
      this._canvas.view.pan(at[0] - gesture.last[0], at[1] - gesture.last[1]);
      this._canvas.moved();
    } else {
      this._canvas.draft = this._draft(gesture, at);
      this._canvas.draw();
    }
    gesture.last = at;
  }

  _hover(at) {
    const image = this._canvas.view.toImage(at);
    const stack = stackAt(this._state.reachable, image);
    const { selected, tool, readOnly } = this._state;
    this._state.set({ hoverId: stack.length ? stack[0].id : null });
    let cursor = "";
    if (tool === "select" && selected && !readOnly && !this._state.locked.has(selected.level)) {
      const handle = this._handleAt(selected, at);
      cursor = handle ? `${handle}-resize` : holds(selected.box_xyxy, image) ? "move" : "";
    }
    this._canvas.element.style.cursor = cursor;
  }

  _draft(gesture, at) {
    const { view } = this._canvas;
    const { image_wh: wh } = this._state.figure;
    const to = view.toImage(at);
    const from = view.toImage(gesture.from);
    switch (gesture.kind) {
      case "draw":
        return { drawn: { level: gesture.tool, box: boxBetween(gesture.start, to, wh) } };
      case "tip":
        return { tips: new Map([[(gesture.node || this._state.selected || {}).id, clampedPoint(to, wh)]]) };
      case "resize":
        return { boxes: new Map([[gesture.node.id, resized(gesture.node.box_xyxy, gesture.handle, to, wh)]]) };
      case "move": {
        const [dx, dy] = allowedShift(gesture.moving, to[0] - from[0], to[1] - from[1], wh);
        const tips = gesture.moving.filter((node) => node.tip_xy);
        return {
          shift: [dx, dy],
          boxes: new Map(gesture.moving.map((node) => [node.id, shifted(node.box_xyxy, dx, dy)])),
          tips: new Map(tips.map((node) => [node.id, [node.tip_xy[0] + dx, node.tip_xy[1] + dy]])),
        };
      }
      default:
        return null;
    }
  }

  _up(event) {
    this._touches.delete(event.pointerId);
    delete this._canvas.element.dataset.panning;
    const gesture = this._gesture;
    if (!gesture || gesture.kind === "pinch") {
      if (!this._touches.size) this._gesture = null;
      return;
    }
    const draft = this._canvas.draft;
    this.cancel();
    const at = this._at(event);
    if (gesture.kind === "tip" && !gesture.node) return this._placeTip(this._canvas.view.toImage(at));
    if (gesture.dragged) this._finish(gesture, draft, event.shiftKey);
    else if (gesture.tool === "segment") this._point(at, event);
    else if (gesture.kind !== "pan") this._click(at);
  }

  _click(at) {
    const stack = stackAt(this._state.reachable, this._canvas.view.toImage(at));
    this._state.set({ selectedId: stack.length ? stack[0].id : null });
  }

  _point(at, { shiftKey, altKey, ctrlKey, metaKey }) {
    const xy = this._canvas.view.toImage(at);
    // some window managers keep Alt with the pointer for themselves
    const away = altKey || ctrlKey || metaKey;
    if (holds([0, 0, ...this._state.figure.image_wh], xy)) this.pointed({ xy, add: shiftKey && !away, away });
  }

  _finish(gesture, draft, keepTool) {
    if (!draft) return;
    const { node } = gesture;
    if (gesture.kind === "move") {
      const [dx, dy] = draft.shift;
      if (dx || dy) this._edit([{ op: "move", id: node.id, dx, dy }]);
    } else if (gesture.kind === "resize") {
      this._edit([{ op: "resize", id: node.id, box_xyxy: draft.boxes.get(node.id) }]);
    } else if (gesture.kind === "tip") {
      this._edit([{ op: "update", id: node.id, fields: { tip_xy: draft.tips.get(node.id) } }]);
    } else if (gesture.kind === "draw") {
      const { box } = draft.drawn;
      if (box[2] - box[0] < LEAST || box[3] - box[1] < LEAST) return;
      if (gesture.tool === "segment") this.pointed({ box });
      else this._drew(box, keepTool);
    }
  }

  _placeTip(point) {
    const { selected, figure } = this._state;
    this._state.set({ tool: "select" });
    if (selected && selected.level === "marker") {
      this._edit([{ op: "update", id: selected.id, fields: { tip_xy: clampedPoint(point, figure.image_wh) } }]);
    }
  }

  _drew(box, keepTool) {
    const { tool, figure, selected } = this._state;
    if (!keepTool) this._state.set({ tool: "select" });
    if (tool === "letter") {
      if (selected && selected.level === "panel") {
        this._edit([{ op: "update", id: selected.id, fields: { label_box_xyxy: box } }]);
      }
      return;
    }
    const id = nextId(figure, tool);
    if (this._edit([addition(figure, tool, box, selected, this.markerKind)])) this._state.set({ selectedId: id });
  }

  _wheel(event) {
    if (!this._state.figure || event.target.closest("textarea")) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    // a pinch on a touch pad arrives as a wheel with Ctrl and small steps
    const speed = event.ctrlKey ? WHEEL * 5 : WHEEL;
    if (event.shiftKey) this._canvas.view.pan(-(event.deltaX || event.deltaY) * lines, 0);
    else this._canvas.view.zoomAt(this._at(event), Math.exp(-event.deltaY * lines * speed));
    this._canvas.moved();
  }

  _pinch() {
    const [[ax, ay], [bx, by]] = [...this._touches.values()];
    return { distance: Math.hypot(ax - bx, ay - by), middle: [(ax + bx) / 2, (ay + by) / 2] };
  }

  _pinched(gesture) {
    if (this._touches.size !== 2) return;
    const { distance, middle } = this._pinch();
    this._canvas.view.pan(middle[0] - gesture.middle[0], middle[1] - gesture.middle[1]);
    this._canvas.view.zoomAt(middle, distance / (gesture.distance || distance));
    Object.assign(gesture, { distance, middle });
    this._canvas.moved();
  }

  _cancelled(event) {
    this._touches.delete(event.pointerId);
    delete this._canvas.element.dataset.panning;
    this.cancel();
  }

  _left() {
    if (this._gesture) return;
    this._last = null;
    this._state.set({ hoverId: null });
  }
}

const clampedPoint = ([x, y], [width, height]) => [clamp(x, 0, width), clamp(y, 0, height)];

// The shift nearest to the wished one that keeps all boxes, letters and tips of `nodes` in the image.
export function allowedShift(nodes, dx, dy, [width, height]) {
  const points = nodes.flatMap((node) => [
    node.box_xyxy,
    ...(node.label_box_xyxy ? [node.label_box_xyxy] : []),
    ...(node.tip_xy ? [[...node.tip_xy, ...node.tip_xy]] : []),
  ]);
  const [x0, y0, x1, y1] = unionOf(points);
  const round = (value) => Math.round(value * 10) / 10;
  return [clamp(round(dx), -x0, width - x1), clamp(round(dy), -y0, height - y1)];
}

// The box with the handle's edges dragged to a point; never turned inside out, never out of the image.
export function resized(box, handle, [x, y], wh) {
  let [x0, y0, x1, y1] = box;
  if (handle.includes("w")) x0 = Math.min(x, x1 - LEAST);
  if (handle.includes("e")) x1 = Math.max(x, x0 + LEAST);
  if (handle.includes("n")) y0 = Math.min(y, y1 - LEAST);
  if (handle.includes("s")) y1 = Math.max(y, y0 + LEAST);
  const dragged = boxBetween([x0, y0], [x1, y1], wh);
  return area(dragged) > 0 ? dragged : box;
}
