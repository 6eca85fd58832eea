// Commands applied in the page before the server has confirmed them, as curator/decide.py applies them.
//
// What it makes is shown for some milliseconds and then replaced by the server's answer; it decides nothing.

import { area, centreOf, clamp, holds, shifted } from "./geometry.js";
import { descendantsOf, isPersons, isRejected, missingLabel, nodeOf, panelsOf, parentIdOf } from "./figure.js";

const PREFIX = { panel: "p", marker: "m", region: "r" };
const MINE = { agent: "person:you", version: "1", at: "", confidence: null, model: null };

const edited = (node) => ({ ...node, state: isPersons(node) ? "accepted" : "edited" });
const accepted = (node) => (node.state === "proposed" ? { ...node, state: "accepted" } : node);

const blank = {
  panel: {
    label: null,
    label_box_xyxy: null,
    kind: "other",
    photographic: false,
    own_spans: [],
    own_text: null,
    rival_spans: [],
    description: "",
    summary: "",
    polygon_xy: [],
  },
  marker: { panel_id: null, kind: "arrow", color: null, tip_xy: null, clause_span: null, clause_text: null },
  region: {
    panel_id: null,
    label: "",
    caption: "",
    clause_span: null,
    marker_id: null,
    description: "",
    finding: null,
    polygon_xy: [],
  },
};

// The id that the server will give to the next node of a level.
export function nextId(figure, level) {
  const numbers = figure.nodes.map((node) => Number(node.id.slice(1))).filter(Number.isInteger);
  return PREFIX[level] + (Math.max(0, ...numbers) + 1);
}

export function panelAt(figure, box) {
  const holding = panelsOf(figure).filter((node) => !isRejected(node) && holds(node.box_xyxy, centreOf(box)));
  holding.sort((a, b) => area(a.box_xyxy) - area(b.box_xyxy));
  return holding.length ? holding[0].id : null;
}

// The command that makes a node of a box that was drawn or pointed at.
export function addition(figure, level, box_xyxy, selected, markerKind) {
  const command = { op: "add", level, box_xyxy, fields: {} };
  if (level === "panel" && missingLabel(figure)) command.fields.label = missingLabel(figure);
  if (level === "marker") command.fields.kind = markerKind;
  if (level === "region" && selected && selected.level === "marker") command.parent_id = selected.id;
  return command;
}

export function obey(figure, commands) {
  return commands.reduce((draft, command) => (RULES[command.op] ? RULES[command.op](draft, command) : draft), figure);
}

function withNodes(figure, changed) {
  const byId = new Map(changed.map((node) => [node.id, node]));
  return { ...figure, nodes: figure.nodes.map((node) => byId.get(node.id) || node) };
}

function changing(figure, id, change) {
  const node = nodeOf(figure, id);
  return node ? withNodes(figure, [change(node)]) : figure;
}

function under(figure, node, parentId) {
  const parent = parentId && nodeOf(figure, parentId);
  if (node.level === "region" && parent && parent.level === "marker") {
    return { ...node, panel_id: parent.panel_id, marker_id: parent.id };
  }
  return node.level === "region" ? { ...node, panel_id: parentId, marker_id: null } : { ...node, panel_id: parentId };
}

// The node with the outline of its box; a marker has none.
function outlined(node, polygon_xy) {
  return node.level === "marker" ? node : { ...node, polygon_xy: polygon_xy || [] };
}

const movedPolygon = (polygon, dx, dy, [width, height]) =>
  polygon.map(([x, y]) => [clamp(x + dx, 0, width), clamp(y + dy, 0, height)]);

const order = (a, b) =>
  "pmr".indexOf(a.id[0]) - "pmr".indexOf(b.id[0]) || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);

function withSpan(spans, span, mode) {
  if (mode === "set") return [span];
  const rest = spans.flatMap(([start, end]) =>
    [
      [start, Math.min(end, span[0])],
      [Math.max(start, span[1]), end],
    ].filter(([from, to]) => from < to),
  );
  const sorted = (mode === "remove" ? rest : [...rest, span]).sort((a, b) => a[0] - b[0]);
  if (mode === "remove") return sorted;
  const merged = [];
  for (const [start, end] of sorted) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

const RULES = {
  add(figure, { level, box_xyxy, polygon_xy, parent_id, fields }) {
    const id = nextId(figure, level);
    let node = { level, id, box_xyxy, provenance: MINE, state: "accepted", ...blank[level] };
    if (level !== "panel") node = under(figure, node, parent_id || panelAt(figure, box_xyxy));
    return { ...figure, nodes: [...figure.nodes, outlined({ ...node, ...fields }, polygon_xy)].sort(order) };
  },
  move(figure, { id, dx, dy }) {
    const node = nodeOf(figure, id);
    if (!node) return figure;
    const moved = [node, ...descendantsOf(figure, id)].map((one) => ({
      ...edited(one),
      box_xyxy: shifted(one.box_xyxy, dx, dy),
      ...(one.label_box_xyxy ? { label_box_xyxy: shifted(one.label_box_xyxy, dx, dy) } : {}),
      ...(one.tip_xy ? { tip_xy: [one.tip_xy[0] + dx, one.tip_xy[1] + dy] } : {}),
      ...(one.polygon_xy ? { polygon_xy: movedPolygon(one.polygon_xy, dx, dy, figure.image_wh) } : {}),
    }));
    return withNodes(figure, moved);
  },
  resize: (figure, { id, box_xyxy, polygon_xy }) =>
    changing(figure, id, (node) => edited(outlined({ ...node, box_xyxy }, polygon_xy))),
  update: (figure, { id, fields }) => changing(figure, id, (node) => edited({ ...node, ...fields })),
  reparent(figure, { id, parent_id }) {
    const node = nodeOf(figure, id);
    if (!node) return figure;
    const moved = edited(under(figure, node, parent_id));
    const below = node.level === "marker" ? descendantsOf(figure, id) : [];
    return withNodes(figure, [moved, ...below.map((one) => edited({ ...one, panel_id: moved.panel_id }))]);
  },
  assign(figure, { id, span, mode = "set" }) {
    if (id === "lead" || id === "tail") {
      const name = `${id}_spans`;
      return { ...figure, shared: { ...figure.shared, [name]: withSpan(figure.shared[name], span, mode) } };
    }
    return changing(figure, id, (node) => {
      if (node.level === "panel")
        return edited({ ...node, own_spans: withSpan(node.own_spans, span, mode), own_text: null });
      const clause = { clause_span: mode === "remove" ? null : span };
      return edited({ ...node, ...clause, ...(node.level === "marker" ? { clause_text: null } : {}) });
    });
  },
  judge(figure, { id, state }) {
    if (state === "rejected") {
      const below = descendantsOf(figure, id).map((node) => ({ ...node, state }));
      return changing(withNodes(figure, below), id, (node) => ({ ...node, state }));
    }
    return changing(figure, id, (node) => (node.state === "edited" ? node : { ...node, state }));
  },
  remove(figure, { id }) {
    const nodes = [nodeOf(figure, id), ...descendantsOf(figure, id)].filter(Boolean);
    const gone = new Set(nodes.filter(isPersons).map((node) => node.id));
    const kept = nodes
      .filter((node) => !gone.has(node.id))
      .map((node) => ({
        ...node,
        state: "rejected",
        ...("panel_id" in node && gone.has(node.panel_id) ? { panel_id: null } : {}),
        ...("marker_id" in node && gone.has(node.marker_id) ? { marker_id: null } : {}),
      }));
    const draft = withNodes(figure, kept);
    return { ...draft, nodes: draft.nodes.filter((node) => !gone.has(node.id)) };
  },
  accept_above: (figure, { confidence }) => ({
    ...figure,
    nodes: figure.nodes.map((node) => ((node.provenance.confidence || 0) >= confidence ? accepted(node) : node)),
  }),
  judge_figure: (figure, { state, reason }) => ({
    ...figure,
    state,
    reason: reason || "",
    nodes: state === "accepted" ? figure.nodes.map(accepted) : figure.nodes,
  }),
};

// Why a node cannot be accepted, or null: the server refuses a child of a rejected parent.
export function refusal(figure, node) {
  const parent = parentIdOf(node) && nodeOf(figure, parentIdOf(node));
  return parent && isRejected(parent) ? `accept its parent ${parent.label || parent.id} first` : null;
}
