// Curves over the steps of a run, as one SVG; colours are in train.css.

import { svg } from "../editor/dom.js";
import { number } from "./numbers.js";

const LEFT = 42;
const RIGHT = 10;
const TOP = 18;
const BOTTOM = 22;
const NAME_PX = 6.2; // guess: width of a letter of a stage's name, enough to know whether it fits its band

// Round numbers that cover low to high in about `count` steps.
export function ticksOf(low, high, count = 4) {
  const rough = (high - low || 1) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 2.5, 5, 10].find((factor) => unit * factor >= rough * 0.999);
  const ticks = [];
  for (let at = Math.floor(low / step) * step; at < high + step * 0.999; at += step) ticks.push(Number(at.toPrecision(12)));
  return ticks;
}

// At most one point a pixel: the mean of those that share it.
export function thinned(points, most) {
  if (points.length <= most) return points;
  const size = points.length / most;
  return Array.from({ length: most }, (_, index) => {
    const some = points.slice(Math.floor(index * size), Math.floor((index + 1) * size));
    return [0, 1].map((axis) => some.reduce((sum, point) => sum + point[axis], 0) / some.length);
  });
}

// Draws
//   lines  [{tone, points: [[step, value]], faint, thin, dots, mark}], where a `mark` is written at the line's end
//   rules  [{tone, value, title}]: level lines, such as chance
//   bands  [{name, from, to}]: stages
//   best   a step to mark, or null
// over `steps` steps, y from `low` to `high` (drawn to the next round number), written by `format`.
// Returns the node and `stepAt(clientX)`, `point(step)`: a hair line there, none for null.
export function lineChart({ width, height, label, steps, lines, rules = [], bands = [], best = null, low, high, format }) {
  const ticks = ticksOf(low, high);
  const [bottom, top] = [ticks[0], ticks[ticks.length - 1]];
  const right = width - RIGHT;
  const x = (step) => LEFT + ((right - LEFT) * step) / Math.max(1, steps);
  const y = (value) => TOP + (height - TOP - BOTTOM) * (1 - (value - bottom) / (top - bottom));
  const clamp = (value) => Math.min(top, Math.max(bottom, value));
  const across = { x1: LEFT, x2: right };
  const upright = { y1: TOP, y2: y(bottom) };

  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  bands.forEach((band, index) => {
    const wide = x(band.to) - x(band.from);
    const fits = band.name.length * NAME_PX < wide - 8;
    chart.append(
      svg(
        "g",
        { class: index % 2 ? "band odd" : "band" },
        svg("title", {}, `${band.name}: steps ${number(band.from + 1)} to ${number(band.to)}`),
        svg("rect", { x: x(band.from), y: 2, width: wide, height: y(bottom) - 2 }),
        fits && svg("text", { class: "tick", x: x(band.from) + 4, y: 13 }, band.name),
      ),
    );
  });
  for (const value of ticks) {
    chart.append(
      svg("line", { class: value === bottom ? "base" : "grid", ...across, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)),
    );
  }
  const stepTicks = ticksOf(0, steps, width > 500 ? 6 : 3).filter((step) => step <= steps && Number.isInteger(step));
  for (const step of stepTicks) {
    const anchor = x(step) > right - 16 ? "end" : "middle";
    chart.append(svg("text", { class: "tick", x: x(step), y: height - 6, "text-anchor": anchor }, number(step)));
  }
  for (const { tone, value, title } of rules) {
    const rule = svg("line", { class: `chance ${tone}`, ...across, y1: y(clamp(value)), y2: y(clamp(value)) });
    rule.append(svg("title", {}, title));
    chart.append(rule);
  }
  if (best !== null) {
    const mark = svg("g", { class: "best" }, svg("title", {}, `best at step ${number(best)}`));
    mark.append(
      svg("line", { x1: x(best), x2: x(best), ...upright }),
      svg("path", { d: `M${x(best) - 4.5} ${TOP - 7}h9l-4.5 7z` }),
    );
    chart.append(mark);
  }
  for (const { tone, points, faint, thin, dots, mark } of lines) {
    if (!points.length) continue;
    const drawn = thinned(points, Math.ceil(right - LEFT));
    const d = drawn.map(([step, value], at) => `${at ? "L" : "M"}${x(step).toFixed(1)} ${y(clamp(value)).toFixed(1)}`);
    const kind = `${tone}${faint ? " faint" : ""}${thin ? " thin" : ""}`;
    chart.append(svg("path", { class: `curve ${kind}`, d: d.join("") }));
    const [lastStep, last] = points[points.length - 1];
    if (dots || points.length === 1) {
      for (const [step, value] of drawn) {
        chart.append(svg("circle", { class: `dot ${kind}`, cx: x(step), cy: y(clamp(value)), r: drawn.length > 60 ? 1.2 : 2.2 }));
      }
    }
    if (mark) {
      const end = svg("g", { class: `mark ${tone}`, transform: `translate(${x(lastStep)} ${y(clamp(last))})` });
      end.append(svg("circle", { r: 7 }), svg("text", { y: 3.5, "text-anchor": "middle" }, mark));
      chart.append(end);
    }
  }
  const hair = svg("line", { class: "hair", style: "display: none", ...upright });
  chart.append(hair);
  return {
    node: chart,
    stepAt(clientX) {
      const box = chart.getBoundingClientRect();
      const share = (((clientX - box.left) / box.width) * width - LEFT) / (right - LEFT);
      return Math.round(Math.min(1, Math.max(0, share)) * steps);
    },
    point(step) {
      hair.style.display = step === null ? "none" : "";
      if (step === null) return;
      hair.setAttribute("x1", x(step));
      hair.setAttribute("x2", x(step));
    },
  };
}
