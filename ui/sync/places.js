// What the tab shows stands in the address, so that a reload, a link and another window come back to it:
// "#sync", "#sync&status=NAME", "#sync&conflict=FIGURE", "#sync&choose", "#sync&connection".

export const listHref = (status) => (status ? `#sync&status=${encodeURIComponent(status)}` : "#sync");
export const conflictHref = (figureId) => `#sync&conflict=${encodeURIComponent(figureId)}`;
export const chooseHref = "#sync&choose";
export const connectionHref = "#sync&connection";
export const reviewHref = (figureId, nodeId) =>
  `#figure=${encodeURIComponent(figureId)}${nodeId ? `&node=${encodeURIComponent(nodeId)}` : ""}`;

const STATUSES = ["synced", "waiting", "changed there", "conflict", "failed", "left out", "new"];

// {view: "list" | "conflict" | "choose" | "connection", value}; null where the address is another tab's.
export function readPlace() {
  const [tab, place = ""] = location.hash.slice(1).split("&");
  if (tab !== "sync") return null;
  const [view, raw = ""] = place.split("=");
  const value = decoded(raw);
  if (view === "conflict" && value) return { view, value };
  if (view === "choose" || view === "connection") return { view, value: null };
  return { view: "list", value: view === "status" && STATUSES.includes(value) ? value : null };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand: then there is no such figure
  }
}
