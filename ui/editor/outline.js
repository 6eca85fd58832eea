// Outlines of masks, and what is shown of one before it is accepted.

import { svg } from "./dom.js";

const DOT = 4; // screen px

const path = (polygon, view) => polygon.map((point) => view.toScreen(point).map((v) => v.toFixed(1))).join(" ");

// The outline inside a node's box, shifted with the box while that is moved; null where it has none.
export function drawOutline(node, shownBox, view) {
  if (!node.polygon_xy || !node.polygon_xy.length) return null;
  const [dx, dy] = [shownBox[0] - node.box_xyxy[0], shownBox[1] - node.box_xyxy[1]];
  const [width, height] = [2, 3].map((i) => shownBox[i] - shownBox[i - 2] - (node.box_xyxy[i] - node.box_xyxy[i - 2]));
  if (Math.abs(width) > 0.05 || Math.abs(height) > 0.05) return null; // being resized: it is of the old box
  const moved = node.polygon_xy.map(([x, y]) => [x + dx, y + dy]);
  return svg("polygon", { points: path(moved, view), class: "outline" });
}

// Things that may become boxes: [{level, box, polygon}], and the clicks [{xy, inside}] that they come from.
export function drawPreview({ things, clicks }, view) {
  const group = svg("g", { class: "rv-preview" });
  for (const { level, box, polygon } of things) {
    const [x, y, right, bottom] = view.boxToScreen(box);
    const shape = { x, y, width: right - x, height: bottom - y };
    group.append(
      svg("polygon", { points: path(polygon, view), class: "mask" }),
      svg("rect", { ...shape, class: "halo" }),
      svg("rect", { ...shape, class: `line ${level}` }),
    );
  }
  for (const { xy, inside } of clicks) {
    const [cx, cy] = view.toScreen(xy);
    group.append(svg("circle", { cx, cy, r: DOT, class: inside ? "inside" : "outside" }));
  }
  return group;
}
