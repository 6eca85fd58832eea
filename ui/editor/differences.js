// Two hierarchies of one figure side by side: which nodes are the same, moved, changed, or on one side only. Pure.

import { captionOf, isRejected, panelsOf } from "./figure.js";

const TWIN_IOU = 0.3; // guess: below it two boxes are rather different things than one that moved
const STILL_PX = 2; // edges that differ by less were not moved
const STILL_SHARE = 0.03; // of the box's side; guess, by eye on large panels

export const LEVEL_NAMES = { panel: "Panels, captions", marker: "Markers", region: "Regions" };

function iou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
  return (width * height) / (area(a) + area(b) - width * height);
}

function moved(a, b) {
  return a.some((edge, index) => {
    const side = index % 2 ? a[3] - a[1] : a[2] - a[0];
    return Math.abs(edge - b[index]) > Math.max(STILL_PX, STILL_SHARE * side);
  });
}

// What a curator reads of a node, by name.
function wordsOf(figure, node) {
  if (node.level === "panel") return { label: node.label || "", kind: node.kind, caption: captionOf(figure, node) };
  if (node.level === "marker")
    return { kind: node.kind, colour: node.color || "", clause: captionOf(figure, node) };
  return { label: node.label, caption: node.caption };
}

// Pairs of nodes of one level, best overlap first; each node at most once.
function pairsOf(left, right) {
  const overlaps = left
    .flatMap((a) => right.map((b) => [iou(a.box_xyxy, b.box_xyxy), a, b]))
    .filter(([overlap]) => overlap >= TWIN_IOU)
    .sort((one, other) => other[0] - one[0]);
  const pairs = new Map();
  const taken = new Set();
  for (const [, a, b] of overlaps) {
    if (pairs.has(a.id) || taken.has(b.id)) continue;
    pairs.set(a.id, b);
    taken.add(b.id);
  }
  return { pairs, taken };
}

// {rows, left: Map(id -> row), right: Map(id -> row), counts: {level: {left, right, only-left, ...}}}. A row is {kind,
// level, left, right, changes}; kind: same, moved, changed, only-left, only-right, or rejected (proposed again on the
// right, rejected on the left).
export function differencesOf(left, right) {
  const rows = [];
  const counts = {};
  for (const level of Object.keys(LEVEL_NAMES)) {
    const here = left.nodes.filter((node) => node.level === level && !isRejected(node));
    const there = right.nodes.filter((node) => node.level === level && !isRejected(node));
    const gone = left.nodes.filter((node) => node.level === level && isRejected(node));
    const { pairs, taken } = pairsOf(here, there);
    const rest = there.filter((node) => !taken.has(node.id));
    const again = pairsOf(gone, rest);
    const ofLevel = [
      ...here.map((node) => pairRow(left, right, node, pairs.get(node.id))),
      ...gone
        .filter((node) => again.pairs.has(node.id))
        .map((node) => ({ kind: "rejected", level, left: node, right: again.pairs.get(node.id), changes: [] })),
      ...rest
        .filter((node) => !again.taken.has(node.id))
        .map((node) => ({ kind: "only-right", level, left: null, right: node, changes: [] })),
    ];
    const count = (kind) => ofLevel.filter((row) => row.kind === kind).length;
    const kinds = ["same", "moved", "changed", "only-left", "only-right", "rejected"];
    counts[level] = {
      left: here.length,
      right: there.length,
      ...Object.fromEntries(kinds.map((kind) => [kind, count(kind)])),
    };
    rows.push(...ofLevel);
  }
  const by = (side) => new Map(rows.filter((row) => row[side]).map((row) => [row[side].id, row]));
  return { rows, counts, left: by("left"), right: by("right") };
}

function pairRow(left, right, node, twin) {
  if (!twin) return { kind: "only-left", level: node.level, left: node, right: null, changes: [] };
  const [here, there] = [wordsOf(left, node), wordsOf(right, twin)];
  const changes = Object.keys(here)
    .filter((name) => here[name] !== there[name])
    .map((name) => ({ name, left: here[name], right: there[name] }));
  const kind = moved(node.box_xyxy, twin.box_xyxy) ? "moved" : changes.length ? "changed" : "same";
  return { kind, level: node.level, left: node, right: twin, changes };
}

// Colours of the right side's panels: a twin has that of its fellow on the left, others go on after those.
export function huesOf(left, differences) {
  const known = panelsOf(left);
  let next = known.length;
  return new Map(
    [...differences.right.values()]
      .filter((row) => row.level === "panel")
      .map((row) => [row.right.id, row.left ? known.indexOf(row.left) : next++]),
  );
}
