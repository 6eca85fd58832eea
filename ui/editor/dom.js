// DOM nodes. Text goes in as text and never as markup: captions come from outside.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set([
  "value",
  "checked",
  "disabled",
  "hidden",
  "selected",
  "draggable",
  "tabIndex",
  "textContent",
]);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else if (typeof value === "boolean" && !name.startsWith("aria-") && !name.startsWith("data-")) {
      node.toggleAttribute(name, value);
    } else node.setAttribute(name, String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A button without the framework's look. `title` is what a pointer and a screen reader are told.
export function button(title, attributes, ...children) {
  return html("button", { type: "button", title, "aria-label": title, ...attributes }, ...children);
}

// True where typing belongs to a field and not to the page's shortcuts.
export function isTyping(target) {
  const field = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select";
  return target instanceof Element && Boolean(target.closest(field));
}
