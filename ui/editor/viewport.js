// From the figure's pixels to the screen's and back: zoom, pan, fit. Pure but for the size of the canvas.

import { clamp } from "./geometry.js";

const MARGIN = 26; // screen px around a fitted figure: room for the chips of boxes at its edge
const MOST = 16; // a source pixel as 16 screen px: enough to set an edge between two

export class Viewport {
  constructor() {
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.wh = [1, 1]; // canvas
    this.imageWh = [1, 1];
    this.fitted = true;
  }

  get fitScale() {
    const [width, height] = this.imageWh;
    return Math.min((this.wh[0] - 2 * MARGIN) / width, (this.wh[1] - 2 * MARGIN) / height, 4);
  }

  fit() {
    this.scale = Math.max(this.fitScale, 0.01);
    this.x = (this.wh[0] - this.imageWh[0] * this.scale) / 2;
    this.y = (this.wh[1] - this.imageWh[1] * this.scale) / 2;
    this.fitted = true;
  }

  resize(wh) {
    const [dx, dy] = [(wh[0] - this.wh[0]) / 2, (wh[1] - this.wh[1]) / 2];
    this.wh = wh;
    if (this.fitted) this.fit();
    else this.pan(dx, dy);
  }

  // Keeps the point under (x, y) of the screen where it is.
  zoomAt([x, y], factor) {
    const scale = clamp(this.scale * factor, Math.min(this.fitScale / 2, 1), MOST);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this._keepInSight();
  }

  zoom(factor) {
    this.zoomAt([this.wh[0] / 2, this.wh[1] / 2], factor);
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this._keepInSight();
  }

  // Shows a box large, with some of what is around it.
  zoomTo([x0, y0, x1, y1]) {
    const room = 0.6; // of the canvas; guess: enough to see what the box belongs to
    const scale = Math.min((this.wh[0] * room) / (x1 - x0), (this.wh[1] * room) / (y1 - y0), MOST);
    this.scale = scale;
    this.x = this.wh[0] / 2 - ((x0 + x1) / 2) * scale;
    this.y = this.wh[1] / 2 - ((y0 + y1) / 2) * scale;
    this.fitted = false;
  }

  // Brings a box into sight where it is not.
  reveal([x0, y0, x1, y1]) {
    const [left, top, right, bottom] = this.boxToScreen([x0, y0, x1, y1]);
    if (left >= 0 && top >= 0 && right <= this.wh[0] && bottom <= this.wh[1]) return;
    if (right - left > this.wh[0] && left < this.wh[0] / 2 && right > this.wh[0] / 2) return;
    this.pan(this.wh[0] / 2 - (left + right) / 2, this.wh[1] / 2 - (top + bottom) / 2);
  }

  _keepInSight() {
    const [width, height] = [this.imageWh[0] * this.scale, this.imageWh[1] * this.scale];
    const part = (size) => Math.min(60, size);
    this.x = clamp(this.x, part(width) - width, this.wh[0] - part(width));
    this.y = clamp(this.y, part(height) - height, this.wh[1] - part(height));
  }

  toImage([x, y]) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  toScreen([x, y]) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  boxToScreen([x0, y0, x1, y1]) {
    return [...this.toScreen([x0, y0]), ...this.toScreen([x1, y1])];
  }
}
