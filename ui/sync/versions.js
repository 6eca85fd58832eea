// What the versions of one node say, field by field, and how their words differ. Pure.

const LEVELS = { panel: "Panel", marker: "Marker", region: "Region" };

const spansText = (caption, spans) =>
  (spans || []).map(([start, end]) => [...caption].slice(start, end).join("")).join(" … ");

function textOf(caption, text, spans) {
  return text !== null && text !== undefined ? text : spansText(caption, spans);
}

const boxText = (box) => (box ? box.map((edge) => Math.round(edge)).join(", ") : "");

const READ = {
  panel: (node, caption) => ({
    letter: node.label || "",
    kind: node.kind,
    photographic: node.photographic ? "yes" : "no",
    caption: textOf(caption, node.own_text, node.own_spans),
    summary: node.summary,
    description: node.description,
    box: boxText(node.box_xyxy),
    "letter at": boxText(node.label_box_xyxy),
  }),
  marker: (node, caption) => ({
    kind: node.kind,
    colour: node.color || "",
    clause: textOf(caption, node.clause_text, node.clause_span && [node.clause_span]),
    box: boxText(node.box_xyxy),
    "points at": node.tip_xy ? node.tip_xy.map((edge) => Math.round(edge)).join(", ") : "",
    panel: node.panel_id || "none",
  }),
  region: (node, caption) => ({
    label: node.label,
    caption: node.caption,
    clause: textOf(caption, null, node.clause_span && [node.clause_span]),
    description: node.description,
    finding: node.finding ? [node.finding.adjective, node.finding.term, node.finding.position].filter(Boolean).join(" | ") : "",
    box: boxText(node.box_xyxy),
    marker: node.marker_id || "none",
    panel: node.panel_id || "none",
  }),
};

// The fields of one side by name, as text; null where it is deleted or was never there.
export function fieldsOf(kind, side, caption) {
  if (side === null) return null;
  if (kind === "state") return { state: side[0], reason: side[1] };
  if (kind === "shared")
    return {
      "for all, before": spansText(caption, side.lead_spans),
      "for all, after": spansText(caption, side.tail_spans),
      "panels promised": (side.promised_labels || []).join(", "),
    };
  const outline = (side.polygon_xy || []).map((point) => point.map(Math.round).join(",")).join(" ");
  return { ...READ[side.level](side, caption), outline, review: side.state };
}

// Names of the fields in which the sides are not all the same, in order.
export function changedFields(sides) {
  const known = sides.filter((side) => side !== null);
  const names = [...new Set(known.flatMap((side) => Object.keys(side)))];
  return names.filter((name) => {
    const values = known.map((side) => side[name] ?? "");
    const isDifferent = values.some((value) => value !== values[0]);
    return isDifferent || (known.length < sides.length && values.some((value) => value !== ""));
  });
}

// A proposal that was deleted is kept as rejected, so that nobody is asked twice.
export const isGone = (side) => side === null || side.state === "rejected";

export function titleOf({ key, kind, base, ours, theirs }) {
  if (kind === "state") return "Where the review stands";
  if (kind === "shared") return "Sentences for all panels";
  if (kind === "overwritten") return "Saved there while it was written";
  if (kind === "gone") return key === "task" ? "The task was deleted there" : "The annotation was deleted there";
  const node = ours || theirs || base;
  const name = node.label || (node.kind && node.level === "marker" ? node.kind : "");
  return `${LEVELS[node.level]}${name ? ` ${name}` : ""}`;
}

// [[text, isNew]] of `text`, whose words are marked where `before` has not the same in the same order.
export function wordsSince(before, text) {
  const old = words(before);
  const now = words(text);
  // longest common subsequence
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      common[i][j] = old[i] === now[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const found = [];
  const add = (word, kind) => {
    const last = found[found.length - 1];
    if (last && last[1] === kind) last[0] += word;
    else found.push([word, kind]);
  };
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      add(now[j], "same");
      i += 1;
      j += 1;
    } else if (i < old.length && (j === now.length || common[i + 1][j] >= common[i][j + 1])) {
      add(old[i], "gone");
      i += 1;
    } else {
      add(now[j], "new");
      j += 1;
    }
  }
  return found;
}

const MOST_WORDS = 1500; // guess: a longer caption is compared as one word; the table stays below some megabytes

function words(text) {
  const found = text.match(/\s*\S+|\s+$/g) || [];
  return found.length > MOST_WORDS ? [text] : found;
}
