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

  // What is known of a figure; who asks uses it, so that what is open is not what is forgotten next.
  known(id) {
    const figure = this._documents.get(id);
    return figure ? this.keep(figure) : null;
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
  fetch(id) {
    if (!this._coming.has(id)) {
      this._coming.set(
        id,
        this._load(id).finally(() => this._coming.delete(id)),
      );
    }
    return this._coming.get(id);
  }

  async _load(id) {
    const before = this.known(id);
    const { figure } = await call(this._server, "load", { figure_id: id });
    const now = this.known(id);
    // an edit was confirmed while this answer was on its way: the answer is the older of the two
    return now && now !== before && now.revision > figure.revision ? now : this.keep(figure);
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
