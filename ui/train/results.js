// Before and after: what the start model finds and what the best one finds, by level and direction.

import { html, svg } from "../editor/dom.js";
import { LEVELS, chance, number, percent } from "./numbers.js";

const WAYS = [
  ["a2b", "picture → text", (found) => found.pool_b],
  ["b2a", "text → picture", (found) => found.pool_a],
];
const KS = [1, 10];
const BAR = { width: 132, height: 16, pad: 6 };

// The table's rows; null where nothing was measured before or after.
export function resultRows(before, after) {
  if (!before || !after) return null;
  return LEVELS.filter(({ key }) => before[key] && after[key]).flatMap(({ key, many }) =>
    WAYS.map(([way, words, poolOf], index) => ({
      level: index ? "" : many,
      words,
      pool: poolOf(after[key]),
      found: KS.map((k) => ({
        k,
        before: before[key][`${way}_r${k}`],
        after: after[key][`${way}_r${k}`],
        chance: chance(after[key], k)[way],
      })),
    })),
  );
}

export function resultTable(rows) {
  const head = html(
    "tr",
    {},
    html("th", { scope: "col" }, "Level"),
    html("th", { scope: "col" }, "Direction"),
    html("th", { scope: "col", class: "number" }, "Pool"),
    KS.map((k) => [
      html("th", { scope: "col", class: "number" }, `R@${k} chance`),
      html("th", { scope: "col", class: "number" }, "before"),
      html("th", { scope: "col", class: "number" }, "after"),
      html("th", { scope: "col", class: "bar" }, html("span", { class: "scale" }, html("i", {}, "0"), html("i", {}, "100%"))),
    ]),
  );
  return html(
    "table",
    { class: "results" },
    html("thead", {}, head),
    html(
      "tbody",
      {},
      rows.map((row) =>
        html(
          "tr",
          {},
          html("th", { scope: "row" }, row.level || html("span", { class: "unseen" }, " ")),
          html("td", {}, row.words),
          html("td", { class: "number c-num" }, number(row.pool)),
          row.found.map((found) => [
            html("td", { class: "number c-num soft" }, percent(found.chance)),
            html("td", { class: "number c-num" }, percent(found.before)),
            html("td", { class: "number c-num" }, html("b", {}, percent(found.after))),
            html("td", { class: "bar" }, changeBar(found)),
          ]),
        ),
      ),
    ),
  );
}

// From the hollow dot (before) to the full one (after); the tick is chance.
function changeBar({ k, before, after, chance: at }) {
  const { width, height, pad } = BAR;
  const x = (share) => pad + (width - 2 * pad) * share;
  const middle = height / 2;
  const words = `R@${k}: ${percent(before)} before, ${percent(after)} after, chance ${percent(at)}`;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words },
    svg("title", {}, words),
    svg("line", { class: "base", x1: x(0), x2: x(1), y1: middle, y2: middle }),
    svg("line", { class: "tick-mark", x1: x(at), x2: x(at), y1: middle - 5, y2: middle + 5 }),
    svg("line", { class: after >= before ? "gain" : "gain loss", x1: x(before), x2: x(after), y1: middle, y2: middle }),
    svg("circle", { class: "before", cx: x(before), cy: middle, r: 3.5 }),
    svg("circle", { class: after >= before ? "after" : "after loss", cx: x(after), cy: middle, r: 4 }),
  );
}
