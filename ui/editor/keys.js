// Keys to actions. The table can be changed by the curator and is kept in this browser.

import { isTyping } from "./dom.js";

const STORED = "curator.keys";
const NUMBER_MS = 800; // time between the digits of a mark's number

// A key press by name: "a", "Shift+Enter", "Ctrl+Shift+Z". Characters that need Shift somewhere come without it.
export function keyName(event) {
  const letter = /^\p{L}$/u.test(event.key);
  // Alt changes the character on some keyboards; the key itself stays
  const digit = event.altKey && /^Digit\d$/.test(event.code) ? event.code.slice(5) : null;
  const plain = event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : null;
  const key = digit || plain || (letter ? event.key.toLowerCase() : event.key === " " ? "Space" : event.key);
  const named = key.length > 1 || letter || digit || plain;
  return [
    (event.ctrlKey || event.metaKey) && "Ctrl",
    event.altKey && "Alt",
    event.shiftKey && named && "Shift",
    key.length === 1 && letter && (event.shiftKey || event.ctrlKey || event.metaKey) ? key.toUpperCase() : key,
  ]
    .filter(Boolean)
    .join("+");
}

export class Keys {
  // `actions`: [{id, group, title, keys, run}]; `run` answers false where the key means nothing now.
  constructor(root, actions, { number, space }) {
    this._root = root;
    this._actions = actions;
    this._number = number;
    this._space = space;
    this._own = this._read();
    this._digits = "";
    this._map();
    document.addEventListener("keydown", (event) => this._down(event));
    document.addEventListener("keyup", (event) => event.key === " " && this._space(false));
  }

  table() {
    return this._actions.map((action) => ({ ...action, keys: this._own[action.id] || action.keys }));
  }

  // Gives a key to an action and takes it from any other.
  bind(id, event) {
    const name = keyName(event);
    for (const action of this.table()) {
      if (action.keys.includes(name)) this._own[action.id] = action.keys.filter((key) => key !== name);
    }
    this._own[id] = [name];
    localStorage.setItem(STORED, JSON.stringify(this._own));
    this._map();
  }

  reset() {
    this._own = {};
    localStorage.removeItem(STORED);
    this._map();
  }

  _read() {
    try {
      const own = JSON.parse(localStorage.getItem(STORED) || "{}");
      const valid = Object.entries(own).filter(
        ([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === "string"),
      );
      return Object.fromEntries(valid);
    } catch {
      return {};
    }
  }

  _map() {
    this._byKey = new Map(this.table().flatMap((action) => action.keys.map((key) => [key, action])));
  }

  _down(event) {
    // the component may have left the page, or lie in another tab; a dialog has its own keys
    if (!this._root.isConnected || !this._root.getClientRects().length || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
    if (event.target instanceof Element && event.target !== document.body && !this._root.contains(event.target)) {
      if (event.target.closest("button, a, [role=tab]") && ["Enter", " ", "Tab"].includes(event.key)) return;
    }
    // a focused button answers to these itself
    if (event.target instanceof Element && event.target.closest("button, input") && ["Enter", " "].includes(event.key))
      return;
    if (event.key === " " && this._space(true)) return event.preventDefault();
    const action = this._byKey.get(keyName(event));
    if (action) {
      if (action.run(event) !== false) event.preventDefault();
      return;
    }
    if (/^\d$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey) this._digit(event.key);
  }

  _digit(digit) {
    this._digits += digit;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => (this._digits = ""), NUMBER_MS);
    this._number(Number(this._digits));
  }
}
