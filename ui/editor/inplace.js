// The caption of a box, edited where the box is: Enter opens and saves, Escape leaves it as it was.

import { html } from "./dom.js";
import { clamp } from "./geometry.js";
import { CAPTION_FIELD, captionOf, nameOf, nodeOf } from "./figure.js";

const WIDTH = 340;
const HEIGHT = 132;

// The edit that gives a node this text, or null where it has it already.
export function captionEdit(figure, node, text) {
  const written = text.trim();
  if (written === captionOf(figure, node)) return null;
  const value = written === "" && node.level !== "region" ? null : written;
  return { op: "update", id: node.id, fields: { [CAPTION_FIELD[node.level]]: value } };
}

export class InPlace {
  constructor(state, canvas, edit) {
    this._state = state;
    this._canvas = canvas;
    this._edit = edit;
    this._nodeId = null;
    this._title = html("span", {});
    this._text = html("textarea", {
      "aria-label": "Caption",
      spellcheck: "true",
      onkeydown: (event) => this._key(event),
    });
    this.element = html(
      "div",
      { class: "rv-inplace", hidden: true },
      html("header", {}, this._title, html("small", {}, "Enter saves, Esc leaves")),
      this._text,
    );
    this._text.addEventListener("blur", () => this.close(true));
    canvas.element.append(this.element);
    state.on(["figure", "selectedId"], () => {
      if (this._nodeId && (!state.selected || state.selected.id !== this._nodeId)) this.close(false);
    });
  }

  open(node) {
    this._canvas.view.reveal(node.box_xyxy);
    this._canvas.moved();
    this._nodeId = node.id;
    this._title.textContent = `Caption of ${nameOf(node)}`;
    this._text.value = captionOf(this._state.figure, node);
    this.element.hidden = false;
    this._place(this._canvas.view.boxToScreen(node.box_xyxy));
    this._text.focus();
    this._text.select();
  }

  close(save) {
    if (!this._nodeId) return;
    const node = nodeOf(this._state.figure, this._nodeId);
    this._nodeId = null;
    this.element.hidden = true;
    const command = save && node && captionEdit(this._state.figure, node, this._text.value);
    if (command) this._edit([command]);
  }

  _key(event) {
    event.stopPropagation();
    if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey && !event.isComposing)) {
      event.preventDefault();
      this.close(event.key === "Enter");
      this._canvas.element.focus({ preventScroll: true });
    }
  }

  _place([x0, y0, x1, y1]) {
    const [width, height] = this._canvas.view.wh;
    const below = y1 + 6 + HEIGHT < height;
    const above = y0 - 6 - HEIGHT > 0;
    const top = below ? y1 + 6 : above ? y0 - 6 - HEIGHT : clamp(y0 + 26, 8, height - HEIGHT - 8);
    this.element.style.left = `${clamp((x0 + x1 - WIDTH) / 2, 8, Math.max(8, width - WIDTH - 8))}px`;
    this.element.style.top = `${top}px`;
  }
}
