// Boxes as in the domain: [x0, y0, x1, y1] in pixels of the original image, half-open.

export const area = ([x0, y0, x1, y1]) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
export const shifted = ([x0, y0, x1, y1], dx, dy) => [x0 + dx, y0 + dy, x1 + dx, y1 + dy];
export const centreOf = ([x0, y0, x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];
export const holds = ([x0, y0, x1, y1], [x, y]) => x0 <= x && x <= x1 && y0 <= y && y <= y1;
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const unionOf = (boxes) => [
  Math.min(...boxes.map((box) => box[0])),
  Math.min(...boxes.map((box) => box[1])),
  Math.max(...boxes.map((box) => box[2])),
  Math.max(...boxes.map((box) => box[3])),
];
export const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

// The box between two points, inside the image, in tenths of a pixel.
export function boxBetween([ax, ay], [bx, by], [width, height]) {
  const round = (value, most) => Math.round(clamp(value, 0, most) * 10) / 10;
  return [
    round(Math.min(ax, bx), width),
    round(Math.min(ay, by), height),
    round(Math.max(ax, bx), width),
    round(Math.max(ay, by), height),
  ];
}
