// Configuration and data of a run as rows of name and value, the same for every run so that runs compare.

import { LEVELS, number } from "./numbers.js";

const NAMES = { regions_an_image: "regions an image", image_px: "picture, px", lr: "learning rate" };
const SPLITS = ["train", "val", "test"];

const words = (name) => NAMES[name] || name.replaceAll("_", " ");

// [[name, value as text]]; a stage is one row.
export function configRows(config) {
  if (!config?.stages) return []; // it has not begun
  const { stages, ...rest } = config;
  const rows = Object.entries(rest).map(([name, value]) => [words(name), text(value)]);
  for (const stage of stages) rows.push([`stage ${stage.name}`, stageText(stage)]);
  return rows;
}

export function dataRows(snapshot) {
  if (!snapshot) return [];
  const bySplit = (counts) => SPLITS.map((split) => number(counts[split] || 0)).join(" / ");
  const rows = [
    ["data", snapshot.sha256.slice(0, 12)],
    ["verified only", text(snapshot.verified_only)],
    ["articles (train / validate / test)", bySplit(snapshot.articles)],
    ["figures", bySplit(snapshot.figures)],
  ];
  for (const { key, many } of LEVELS) {
    const counts = Object.fromEntries(SPLITS.map((split) => [split, snapshot.pairs[split][key]]));
    rows.push([`pairs of ${many.toLowerCase()}`, bySplit(counts)]);
  }
  rows.push(["licences (train)", listed(snapshot.licenses.train)]);
  rows.push(["proposed by", listed(snapshot.agents)]);
  for (const warning of snapshot.warnings) rows.push(["note", warning]);
  return rows;
}

// "20% · M → P · intra 1, inter 1": losses that count nothing are left out.
function stageText({ share, cycle, weights, lr_factor: factor }) {
  const losses = Object.entries(weights).filter(([, weight]) => weight);
  const parts = [`${Math.round(100 * share)}%`, cycle.join(" → "), losses.map((loss) => loss.join(" ")).join(", ")];
  return (factor === 1 ? parts : [...parts, `rate × ${factor}`]).join(" · ");
}

function listed(counts) {
  return Object.entries(counts || {}).map(([name, n]) => `${name} ${number(n)}`).join(", ") || "–";
}

function text(value) {
  if (value === true || value === false) return value ? "yes" : "no";
  if (value === "") return "–";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
