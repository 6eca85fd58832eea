// What one can read off a figure's document (see documents.py): parents, texts, colours, numbers.

import { area, holds } from "./geometry.js";

const PANEL_COLOURS = 12;

export const parentIdOf = (node) => (node.level === "panel" ? null : node.marker_id || node.panel_id);
export const nodeOf = (figure, id) => figure.nodes.find((node) => node.id === id) || null;
export const childrenOf = (figure, id) => figure.nodes.filter((node) => parentIdOf(node) === id);
export const panelsOf = (figure) => figure.nodes.filter((node) => node.level === "panel");
export const isRejected = (node) => node.state === "rejected";
export const isPersons = (node) => node.provenance.agent.startsWith("person:");
// Of an open proposal what curators' decisions make of it, where figures are assessed; else what its agent said.
const wordOn = (figure, node) => (node.state === "proposed" && figure.assessed && figure.assessed[node.id]) || null;
export const confidenceOf = (figure, node) => (wordOn(figure, node) || node.provenance).confidence;
export const reasonOf = (figure, node) => (wordOn(figure, node) || { why: "" }).why;

export function descendantsOf(figure, id) {
  const found = childrenOf(figure, id);
  return found.concat(found.flatMap((node) => descendantsOf(figure, node.id)));
}

export function textOf(caption, spans) {
  return spans
    .map(([start, end]) => caption.slice(start, end).trim())
    .filter(Boolean)
    .join(" ");
}

// The characters of the caption that a node speaks for.
export function spansOf(node) {
  if (node.level === "panel") return node.own_spans;
  return node.clause_span ? [node.clause_span] : [];
}

// The text that Enter edits: a panel's own caption, a marker's clause, a region's caption.
export function captionOf(figure, node) {
  if (node.level === "panel") return node.own_text ?? textOf(figure.caption, node.own_spans);
  if (node.level === "marker") return node.clause_text ?? textOf(figure.caption, spansOf(node));
  return node.caption;
}

// What a panel is trained with: the shared lead, its own caption, the shared tail (curator.figure.full_caption).
export function fullCaptionOf(figure, panel) {
  const { lead_spans: lead, tail_spans: tail } = figure.shared;
  return [textOf(figure.caption, lead), captionOf(figure, panel), textOf(figure.caption, tail)].filter(Boolean).join(" ");
}

export const CAPTION_FIELD = { panel: "own_text", marker: "clause_text", region: "caption" };

// How a node is called in one or two words.
export function nameOf(node) {
  if (node.level === "panel") return node.label || "unlettered";
  if (node.level === "marker") return [node.color, node.kind.replace("_", " ")].filter(Boolean).join(" ");
  return node.label || "region";
}

// The colour of the node's panel as a CSS value; grey where it has none. Rejected panels keep theirs, so none shifts.
// `hues`, where a figure has them, are numbers of colours by panel: those of a proposal follow the figure's own.
export function colourOf(figure, node) {
  const id = node.level === "panel" ? node.id : node.panel_id;
  const place = () => panelsOf(figure).findIndex((panel) => panel.id === id);
  const index = figure.hues ? (figure.hues.get(id) ?? -1) : place();
  return index < 0 ? "var(--rv-none)" : `var(--c-p${index % PANEL_COLOURS})`;
}

// Set of marks: a number for each node, in reading order of the tree.
export function numbersOf(figure) {
  const numbers = new Map();
  const walk = (node) => {
    numbers.set(node.id, numbers.size + 1);
    childrenOf(figure, node.id).forEach(walk);
  };
  figure.nodes.filter((node) => parentIdOf(node) === null).forEach(walk);
  return numbers;
}

// Nodes of the given ones under a point, smallest first.
export function stackAt(nodes, point) {
  return nodes.filter((node) => holds(node.box_xyxy, point)).sort((a, b) => area(a.box_xyxy) - area(b.box_xyxy));
}

// The first label that the caption promises and no panel has.
export function missingLabel(figure) {
  const used = new Set(
    panelsOf(figure)
      .filter((node) => !isRejected(node))
      .map((node) => (node.label || "").toLowerCase()),
  );
  return figure.shared.promised_labels.find((label) => !used.has(label.toLowerCase())) ?? null;
}
