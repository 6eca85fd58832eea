// One version of a conflict drawn over the figure's image.

import { svg } from "../editor/dom.js";

const MARGIN = 0.6; // of the boxes' size, around them; guess
const LEAST_SHARE = 0.35; // of the image's longer side that is seen at least; guess

// The part of the image in which all versions lie, [x, y, width, height].
export function viewOf({ width, height }, boxes, whole) {
  if (whole || !boxes.length) return [0, 0, width, height];
  const x0 = Math.min(...boxes.map((box) => box[0]));
  const y0 = Math.min(...boxes.map((box) => box[1]));
  const x1 = Math.max(...boxes.map((box) => box[2]));
  const y1 = Math.max(...boxes.map((box) => box[3]));
  const least = LEAST_SHARE * Math.max(width, height);
  const wide = Math.min(width, Math.max(least, (x1 - x0) * (1 + MARGIN)));
  const high = Math.min(height, Math.max(least, (y1 - y0) * (1 + MARGIN)));
  const x = Math.min(Math.max(0, (x0 + x1 - wide) / 2), width - wide);
  const y = Math.min(Math.max(0, (y0 + y1 - high) / 2), height - high);
  return [x, y, wide, high];
}

// `nodes`: the rest of the figure, drawn faintly. `before` is what `node` was made of, drawn dashed where it differs.
export function drawVersion(figure, view, { node, before, nodes, tone }) {
  const picture = svg(
    "svg",
    { viewBox: view.join(" "), preserveAspectRatio: "xMidYMid meet", role: "img", class: "drawn", "data-tone": tone },
    svg("image", { href: `/image/${encodeURIComponent(figure.id)}`, x: 0, y: 0, width: figure.width, height: figure.height }),
  );
  for (const other of nodes) picture.append(rect(other.box, "other"));
  if (before && (!node || moved(before.box_xyxy, node.box_xyxy))) picture.append(...shapeOf(before, "before"));
  if (node) {
    const shape = shapeOf(node, "node");
    if (node.state === "rejected") for (const part of shape) part.setAttribute("data-gone", "");
    picture.append(...shape);
  }
  return picture;
}

function shapeOf(node, name) {
  const parts = [rect(node.box_xyxy, name)];
  if ((node.polygon_xy || []).length) {
    parts[0].classList.add("around");
    parts.push(svg("polygon", { points: node.polygon_xy.map((point) => point.join(",")).join(" "), class: name }));
  }
  if (node.label_box_xyxy) parts.push(rect(node.label_box_xyxy, `${name} letter`));
  if (node.tip_xy) {
    const [x0, y0, x1, y1] = node.box_xyxy;
    const [x, y] = node.tip_xy;
    parts.push(svg("line", { x1: (x0 + x1) / 2, y1: (y0 + y1) / 2, x2: x, y2: y, class: `${name} tip` }));
  }
  return parts;
}

const rect = ([x0, y0, x1, y1], name) =>
  svg("rect", { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0), class: name });

const moved = (a, b) => a.some((edge, index) => Math.abs(edge - b[index]) >= 0.5);
