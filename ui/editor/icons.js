// Icons and marker glyphs as stroked paths in a 16 x 16 box.

import { svg } from "./dom.js";

const PATHS = {
  select: "M4 2l8 6-4 .8L6 13z",
  panel: "M2.5 3.5h11v9h-11zM8 3.5v9",
  marker: "M3 13L11 5M11 5H6.5M11 5v4.5",
  region: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  segment: "M3 13l6-6M10.5 2v3M10.5 7.5v3M6.2 6.2h3M11.8 6.2h2.7",
  minus: "M3.5 8h9",
  plus: "M3.5 8h9M8 3.5v9",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  undo: "M6 3L3 6l3 3M3 6h6a4 4 0 0 1 0 8H6",
  redo: "M10 3l3 3-3 3M13 6H7a4 4 0 0 0 0 8h3",
  previous: "M10 3L5 8l5 5",
  next: "M6 3l5 5-5 5",
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  pencil: "M3 13l.8-3L10.5 3.3l2.2 2.2L6 12.2z",
  open: "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z",
  eye: "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z",
  lock: "M4 7.5h8v5.5H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2",
  flag: "M8 2.5l6 10.5H2zM8 6.5v3M8 11.2v.3",
  skip: "M3 3.5l6 4.5-6 4.5zM12.5 3.5v9",
  bulk: "M1.5 8.5L4.5 11.5 10 5M7.5 10.5l1 1L14 5",
  down: "M4 6l4 4 4-4",
  trash: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  similar: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14M5 7h4M7 5v4",
  help: "M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 11.5v.3",
  agents: "M8 1.5v2.5M4 4h8v6.5H4zM6.2 6.8v.8M9.8 6.8v.8M1.8 6v2.5M14.2 6v2.5M5.5 13.5h5",
  compare: "M2 3.5h5v9H2zM9 3.5h5v9H9z",
  seen: "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM6.5 7.2h3M6.5 9h2",
  marks: "M3 3h5v5H3zM10.5 9.5v4M9.3 10.2l1.2-.7",
  arrow: "M3 13L12 4M12 4H7M12 4v5",
  arrowhead: "M13 3L4 7l5 5z",
  asterisk: "M8 2.5v11M3.2 5.2l9.6 5.6M12.8 5.2l-9.6 5.6",
  star: "M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5z",
  circle: "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z",
  box: "M3 3.5h10v9H3z",
  dashed_line: "M2 8h2.5M6.8 8h2.4M11.5 8H14",
  dashed_box: "M3 6V3.5h2.5M7 3.5h2M10.5 3.5H13V6M13 7.5v1.5M13 10.5v2h-2.5M9 12.5H7M5.5 12.5H3v-2M3 9V7.5",
  letter: "M4 3.5h8M8 3.5V13",
  bracket: "M10 2.5H6v11h4",
};

export function iconPath(name) {
  return PATHS[name] || PATHS.open;
}

export function icon(name) {
  return svg(
    "svg",
    { class: "rv-icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: iconPath(name) }),
  );
}
