// What the screen shows now, in one place; parts redraw when a value that they read changes.

export const LEVELS = ["panel", "marker", "region"];

export class State {
  constructor() {
    this.figure = null; // document with the edits that the server has not confirmed yet
    this.selectedId = null;
    this.hoverId = null;
    this.tool = "select"; // select, panel, marker, region, segment, letter or tip
    this.hidden = new Set(); // levels
    this.locked = new Set(); // levels
    this.showRejected = false;
    this.showMarks = true;
    this.readOnly = null; // why, or null
    this.threshold = null; // confidence of the bulk accept being prepared, or null
    this._listeners = [];
  }

  // Calls `listener` after any of `keys` has changed.
  on(keys, listener) {
    this._listeners.push([new Set(keys), listener]);
  }

  set(changes) {
    const changed = Object.keys(changes).filter((key) => this[key] !== changes[key]);
    Object.assign(this, changes);
    if (!changed.length) return;
    for (const [keys, listener] of this._listeners) if (changed.some((key) => keys.has(key))) listener();
  }

  get selected() {
    return (this.figure && this.figure.nodes.find((node) => node.id === this.selectedId)) || null;
  }

  // Nodes that are drawn.
  get visible() {
    if (!this.figure) return [];
    return this.figure.nodes.filter(
      (node) =>
        !this.hidden.has(node.level) && (this.showRejected || node.state !== "rejected" || node.id === this.selectedId),
    );
  }

  // Nodes that a pointer can reach.
  get reachable() {
    return this.visible.filter((node) => !this.locked.has(node.level));
  }

  toggled(key, level) {
    const next = new Set(this[key]);
    if (!next.delete(level)) next.add(level);
    this.set({ [key]: next });
  }
}
