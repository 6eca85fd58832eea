// The figure with its boxes. Everything is drawn in screen pixels, so that lines, chips and handles keep their size.

import { html, svg } from "./dom.js";
import { area, centreOf } from "./geometry.js";
import { Viewport } from "./viewport.js";
import { colourOf, confidenceOf, numbersOf } from "./figure.js";
import { drawChips } from "./marks.js";
import { drawOutline, drawPreview } from "./outline.js";

const SMALL = 30; // screen px: a box below this gets its handles outside, so that its middle can be dragged
const HANDLE = 8;
const GAP = 5;
const PIXELS = 4; // zoom from which source pixels are shown as squares

// Handles of a screen box: name (which edges they move) and place.
export function handlesOf([x0, y0, x1, y1]) {
  const small = x1 - x0 < SMALL || y1 - y0 < SMALL;
  const gap = small ? GAP : 0;
  const [left, top, right, bottom] = [x0 - gap, y0 - gap, x1 + gap, y1 + gap];
  const [x, y] = centreOf([x0, y0, x1, y1]);
  const corners = [
    ["nw", left, top],
    ["ne", right, top],
    ["sw", left, bottom],
    ["se", right, bottom],
  ];
  return small ? corners : [...corners, ["n", x, top], ["s", x, bottom], ["w", left, y], ["e", right, y]];
}

export class Canvas {
  constructor(state, figures) {
    this._state = state;
    this._figures = figures;
    this.view = new Viewport();
    this.draft = null; // what a gesture shows before it ends: {boxes: Map, tips: Map, drawn: {level, box}}
    this.preview = null; // what is proposed and not decided: see drawPreview
    this.onView = () => null; // called after zoom, pan and fit
    this.classesOf = () => []; // more classes of a node's box
    this._frame = 0;
    this._shownId = null;
    this._world = html("div", { class: "rv-world" });
    this._overlay = svg("svg", { class: "rv-overlay", "aria-hidden": "true" });
    this._note = html("p", { class: "rv-note", hidden: true });
    this.element = html(
      "div",
      {
        class: "rv-canvas",
        tabIndex: 0,
        role: "application",
        "aria-label": "Figure with its boxes. Press ? for the keys; the hierarchy beside it lists the same boxes.",
      },
      this._world,
      this._overlay,
      this._note,
    );
    new ResizeObserver(() => this._resized()).observe(this.element);
    const keys = [
      "figure",
      "selectedId",
      "hoverId",
      "hidden",
      "locked",
      "showRejected",
      "showMarks",
      "threshold",
      "tool",
      "readOnly",
    ];
    state.on(keys, () => this.draw());
  }

  _resized() {
    this.view.resize([this.element.clientWidth, this.element.clientHeight]);
    this.draw();
  }

  // Draws in the next frame, once however often it is asked.
  draw() {
    if (!this._frame) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._paint();
      });
    }
  }

  moved() {
    this.draw();
    this.onView();
  }

  // Words in place of a figure; none where there is one.
  say(text) {
    this._note.textContent = text;
    this._note.hidden = !text;
  }

  boxOf(node) {
    return (this.draft && this.draft.boxes && this.draft.boxes.get(node.id)) || node.box_xyxy;
  }

  tipOf(node) {
    return (this.draft && this.draft.tips && this.draft.tips.get(node.id)) || node.tip_xy;
  }

  _paint() {
    const { figure, tool } = this._state;
    this.element.dataset.tool = tool;
    if (!figure) return;
    if (this._shownId !== figure.id) this._showImage(figure);
    const { scale, x, y } = this.view;
    // sized, not scaled by a transform: the browser then filters well when it makes a large image small
    const [width, height] = figure.image_wh.map((size) => `${size * scale}px`);
    Object.assign(this._world.firstChild.style, { width, height });
    this._world.style.transform = `translate(${x}px, ${y}px)`;
    this._world.classList.toggle("pixels", scale >= PIXELS);
    this._overlay.replaceChildren(...this._drawing(figure));
    this.element.dataset.figure = figure.id;
    this.element.dataset.zoom = scale.toFixed(4);
  }

  _showImage(figure) {
    this._shownId = figure.id;
    const { image, ready } = this._figures.image(figure.id);
    this._world.replaceChildren(image);
    this.say("");
    this.element.dataset.image = "loading";
    ready.then((shown) => {
      if (this._shownId !== figure.id) return;
      this.element.dataset.image = shown ? "ready" : "failed";
      if (shown) return;
      this._figures.forgetImage(figure.id);
      this.say("The image could not be loaded. Ingest its source again to restore it.");
    });
    this.view.wh = [this.element.clientWidth, this.element.clientHeight];
    this.view.imageWh = figure.image_wh;
    this.view.fit();
    this.onView();
  }

  _drawing(figure) {
    const { selectedId, hoverId, threshold } = this._state;
    const numbers = numbersOf(figure);
    const lit = hoverId || null;
    const items = this._state.visible.map((node) => ({
      node,
      box: this.view.boxToScreen(this.boxOf(node)),
      number: numbers.get(node.id),
      colour: colourOf(figure, node),
      loud: node.id === selectedId || node.id === lit,
    }));
    items.sort((a, b) => (a.node.id === selectedId) - (b.node.id === selectedId) || area(b.box) - area(a.box));
    const boxes = items.map((item) => this._drawNode(item, threshold));
    const byNeed = [...items].sort(
      (a, b) => b.loud - a.loud || "pmr".indexOf(a.node.id[0]) - "pmr".indexOf(b.node.id[0]),
    );
    const parts = [...boxes, ...drawChips(byNeed, this.view.wh, this._state.showMarks)];
    const selected = items.find((item) => item.node.id === selectedId);
    if (selected && !this._state.readOnly && !this._state.locked.has(selected.node.level))
      parts.push(this._drawHandles(selected));
    if (this.preview) parts.push(drawPreview(this.preview, this.view));
    if (this.draft && this.draft.drawn) parts.push(this._drawDrawn(this.draft.drawn));
    return parts;
  }

  _drawNode({ node, box, colour, loud }, threshold) {
    const [x, y] = [box[0], box[1]];
    const [width, height] = [Math.max(box[2] - x, 1), Math.max(box[3] - y, 1)];
    const classes = ["rv-node", node.level, node.state, ...this.classesOf(node)];
    if (node.id === this._state.selectedId) classes.push("selected");
    else if (loud) classes.push("lit");
    if (this._state.locked.has(node.level)) classes.push("locked");
    if (threshold !== null) {
      const taken = node.state === "proposed" && (confidenceOf(this._state.figure, node) ?? 0) >= threshold;
      classes.push(taken ? "taken" : "left");
    }
    const rounded = node.level === "panel" ? 1 : 3;
    const shape = { x, y, width, height, rx: rounded };
    const group = svg("g", { class: classes.join(" "), "data-id": node.id, style: `--colour:${colour}` });
    group.append(svg("rect", { ...shape, class: "halo" }), svg("rect", { ...shape, class: "line" }));
    const outline = drawOutline(node, this.boxOf(node), this.view);
    if (outline) group.append(outline);
    if (node.level === "panel" && node.label_box_xyxy && loud) {
      const [left, top, right, bottom] = this.view.boxToScreen(node.label_box_xyxy);
      group.append(svg("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "letter" }));
    }
    const tip = node.level === "marker" && this.tipOf(node);
    if (tip) group.append(...this._drawTip(this.view.toScreen(tip), centreOf(box)));
    return group;
  }

  _drawTip([x, y], [cx, cy]) {
    return [
      svg("line", { x1: cx, y1: cy, x2: x, y2: y, class: "shaft" }),
      svg("circle", { cx: x, cy: y, r: 4, class: "halo" }),
      svg("circle", { cx: x, cy: y, r: 4, class: "tip" }),
    ];
  }

  _drawHandles({ node, box, colour }) {
    const group = svg("g", { class: "rv-handles", style: `--colour:${colour}` });
    for (const [name, x, y] of handlesOf(box)) {
      const place = { x: x - HANDLE / 2, y: y - HANDLE / 2, width: HANDLE, height: HANDLE, rx: 1.5 };
      group.append(svg("rect", { ...place, "data-handle": name, "data-of": node.id }));
    }
    return group;
  }

  _drawDrawn({ level, box }) {
    const [x0, y0, x1, y1] = this.view.boxToScreen(box);
    const shape = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
    return svg(
      "g",
      { class: `rv-node ${level} drawn` },
      svg("rect", { ...shape, class: "halo" }),
      svg("rect", { ...shape, class: "line" }),
    );
  }
}
