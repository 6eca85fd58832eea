// How long the curator has worked: seconds in which the page was seen and a key or pointer had moved lately.

const IDLE_S = 30;

export class Activity {
  constructor(now = () => performance.now() / 1000) {
    this._now = now;
    this._last = now();
    this._worked = 0;
    for (const kind of ["pointermove", "pointerdown", "keydown", "wheel"]) {
      document.addEventListener(kind, () => this._seen(), { capture: true, passive: true });
    }
  }

  _seen() {
    const now = this._now();
    if (!document.hidden) this._worked += Math.min(now - this._last, IDLE_S);
    this._last = now;
  }

  // Seconds since the last call.
  take() {
    this._seen();
    const worked = this._worked;
    this._worked = 0;
    return Math.round(worked * 10) / 10;
  }
}
