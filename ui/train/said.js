// Sentences from the server, whose commands stand in backquotes.

import { html } from "../editor/dom.js";

// Shows a sentence in a node, commands as such; without one the node is hidden.
export function say(node, sentence) {
  node.hidden = !sentence;
  if (node.dataset.said === (sentence || "")) return;
  node.dataset.said = sentence || "";
  node.replaceChildren(...(sentence || "").split("`").map((part, index) => (index % 2 ? html("code", {}, part) : part)));
}
