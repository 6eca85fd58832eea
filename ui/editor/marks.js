// Chips: the number, letter and state drawn beside each box. They must not cover one another.

import { svg } from "./dom.js";
import { overlaps } from "./geometry.js";
import { iconPath } from "./icons.js";
import { nameOf } from "./figure.js";

const HEIGHT = 16;
const CHAR = 6.7; // width of a character of the 11 px monospace that chips are set in
const PAD = 5;
const ICON = 11;
const LONGEST = 22; // characters of a name

const CROWDED = 1.5; // times a chip's area that a box must have on the screen (by eye, on figures of 50 to 100 nodes)

const STATE_ICON = { accepted: "check", edited: "pencil", rejected: "cross" };

// What a chip says: set-of-marks number, a name where it helps, glyph and state.
function contents(node, number, { loud, marks }) {
  const name = nameOf(node);
  const short = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  const withName = loud || (node.level === "panel" && node.label);
  return {
    number: marks ? String(number) : "",
    name: withName ? short : "",
    glyph: loud && node.level === "marker" ? node.kind : null,
    state: STATE_ICON[node.state] || null,
  };
}

const widthOf = (chip) =>
  PAD * 2 +
  (chip.number.length + chip.name.length + (chip.number && chip.name ? 1 : 0)) * CHAR +
  (chip.glyph ? ICON + 2 : 0) +
  (chip.state ? ICON + 3 : 0);

// Places for a chip of width w at a screen box, best first; a panel keeps its printed letter clear where it can.
function places(level, [x0, y0, x1, y1], w) {
  const h = HEIGHT;
  const outside = [
    [x0, y0 - h - 1],
    [x1 - w, y0 - h - 1],
    [x0, y1 + 1],
    [x1 - w, y1 + 1],
  ];
  const beside = [
    [x1 + 2, y0 - 2],
    [x0 - w - 2, y0 - 2],
  ];
  const inside = [
    [x1 - w - 2, y0 + 2],
    [x0 + 2, y1 - h - 2],
    [x1 - w - 2, y1 - h - 2],
    [x0 + 2, y0 + 2],
  ];
  return level === "panel" ? [outside[0], ...inside, ...outside.slice(1)] : [...outside, ...beside];
}

// Chips for [{node, box (screen), number, loud, colour}], those first in the list get their best place.
// A chip without a free place, or as large as its box, is left out, unless it is loud (selected or hovered) or a panel's:
// on a dense figure marks would hide what they number, and zooming in brings them back.
export function drawChips(items, wh, marks) {
  const taken = [];
  const drawn = [];
  for (const { node, box, number, loud, colour } of items) {
    const chip = contents(node, number, { loud, marks });
    if (!chip.number && !chip.name && !chip.state) continue;
    if (!overlaps(box, [0, 0, ...wh])) continue;
    const w = widthOf(chip);
    const modest = !loud && node.level !== "panel";
    if (modest && (box[2] - box[0]) * (box[3] - box[1]) < CROWDED * w * HEIGHT) continue;
    const free = places(node.level, box, w).find(([x, y]) => {
      const rect = [x, y, x + w, y + HEIGHT];
      return x >= 1 && y >= 1 && rect[2] < wh[0] && rect[3] < wh[1] && !taken.some((other) => overlaps(rect, other));
    });
    if (!free && modest) continue;
    const [x, y] = free || [
      Math.max(1, Math.min(box[0] + 2, wh[0] - w)),
      Math.max(1, Math.min(box[1] + 2, wh[1] - HEIGHT)),
    ];
    taken.push([x, y, x + w, y + HEIGHT]);
    drawn.push(drawChip(node, chip, x, y, w, colour, loud));
  }
  return drawn;
}

function drawChip(node, chip, x, y, w, colour, loud) {
  const group = svg("g", {
    class: `rv-chip${loud ? " loud" : ""}`,
    transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    style: `--colour:${colour}`,
    "data-chip": node.id,
    "data-state": node.state,
  });
  group.append(svg("rect", { width: w, height: HEIGHT, rx: 3 }));
  let at = PAD;
  const glyph = (name) => {
    group.append(svg("path", { d: iconPath(name), transform: `translate(${at} 2.5) scale(${ICON / 16})` }));
    at += ICON + 2;
  };
  if (chip.glyph) glyph(chip.glyph);
  if (chip.number) {
    group.append(svg("text", { x: at, y: 12, class: "number" }, chip.number));
    at += (chip.number.length + (chip.name ? 1 : 0)) * CHAR;
  }
  if (chip.name) {
    group.append(svg("text", { x: at, y: 12, class: "name" }, chip.name));
    at += chip.name.length * CHAR;
  }
  if (chip.state) {
    at += 3;
    glyph(chip.state);
  }
  return group;
}
