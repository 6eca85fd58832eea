// Figures as the server last told of them, and their images, kept so that going to the next one does not wait.

import { call, imageUrl } from "./calls.js";

const KEPT = 24; // guess: figures that a curator goes back to

export class Figures {
  constructor(server) {
    this._server = server;
    this._documents = new Map();
    this._images = new Map();
    this._coming = new Map();
  }

  known(id) {
    return this._documents.get(id) || null;
  }

  keep(figure) {
    this._documents.delete(figure.id);
    this._documents.set(figure.id, figure);
    for (const id of this._documents.keys()) {
      if (this._documents.size <= KEPT) break;
      this._documents.delete(id);
      this._images.delete(id);
    }
    return figure;
  }

  // The figure as the server has it now.
  async fetch(id) {
    if (!this._coming.has(id)) {
      const asked = call(this._server, "load", { figure_id: id }).finally(() => this._coming.delete(id));
      this._coming.set(id, asked);
    }
    return this.keep((await this._coming.get(id)).figure);
  }

  // The decoded image, so that it paints in the frame in which it is shown.
  image(id) {
    if (!this._images.has(id)) {
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.src = imageUrl(id);
      const entry = {
        image,
        ready: image.decode().then(
          () => true,
          () => false,
        ),
      };
      this._images.set(id, entry);
    }
    return this._images.get(id);
  }

  forgetImage(id) {
    this._images.delete(id);
  }

  // Gets a figure that will be wanted soon. A failure here is no news: it is met again when the figure is opened.
  prefetch(id) {
    this.image(id);
    if (!this.known(id)) this.fetch(id).catch(() => null);
  }
}
