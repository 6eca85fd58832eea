// What the charts show of a run: loss by level, retrieval by level, and the stages behind them.

import { both, chance } from "./numbers.js";

const WINDOW_SHARE = 1 / 25; // guess: of a level's steps; noise of small batches goes, turns of a stage stay
const LEAST_WINDOW = 5;

// [[step, loss]] of one level; of one part of the loss where one is named.
export function lossPoints(history, level, part) {
  const rows = history.loss.filter((row) => row[1] === level);
  if (!part) return rows.map(([step, , loss]) => [step, loss]);
  return rows.filter((row) => part in row[3]).map((row) => [row[0], row[3][part]]);
}

// The running mean, which weighs older values less and less (exponential, without a bias to its start).
export function smoothed(points) {
  const keep = 1 - 2 / (Math.max(LEAST_WINDOW, points.length * WINDOW_SHARE) + 1);
  let [sum, weight] = [0, 0];
  return points.map(([step, value]) => {
    sum = keep * sum + value;
    weight = keep * weight + 1;
    return [step, sum / weight];
  });
}

// [[step, R@k of both directions]] of one level.
export function recallPoints(history, level, k) {
  return history.retrieval.filter(([, levels]) => levels[level]).map(([step, levels]) => [step, both(levels[level], k)]);
}

// {pool_a, pool_b, chance of R@1} of one level; null where nothing was measured.
export function poolOf(history, level) {
  const found = history.retrieval.map(([, levels]) => levels[level]).find(Boolean);
  return found ? { ...found, chance: chance(found, 1).both } : null;
}

// As Python rounds: a half goes to the even neighbour.
function rounded(value) {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

// From and to which step each stage goes, as trainer.schedule.stage_ends counts them.
export function stageBands(stages, steps) {
  let [share, from] = [0, 0];
  return stages.map((stage, index) => {
    share += stage.share;
    const to = rounded(share * steps);
    const band = { name: stage.name, from, to };
    from = to;
    return band;
  });
}

// The range of the values that a chart should show: single spikes at the start may leave it.
export function lossRange(lines) {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).sort((a, b) => a - b);
  if (!values.length) return { low: 0, high: 1 };
  const at = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))];
  return { low: Math.min(0, values[0]), high: at(0.99) };
}

// The last point at or before a step; null where there is none yet.
export function valueAt(points, step) {
  let found = null;
  for (const point of points) {
    if (point[0] > step) break;
    found = point;
  }
  return found;
}
