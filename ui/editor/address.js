// The address names the open figure and its queue, so that a reload and a link come back to them.

// What "#figure=ID&node=ID&filter=JSON" asks for; `elsewhere` where the address is another tab's.
export function readAddress() {
  const parts = new Map(
    location.hash
      .slice(1)
      .split("&")
      .filter(Boolean)
      .map((part) => {
        const [name, ...value] = part.split("=");
        return [name, value.join("=")];
      }),
  );
  const named = (name) => (parts.has(name) ? decodeURIComponent(parts.get(name)) : null);
  const figureId = named("figure");
  let filter = null;
  try {
    filter = JSON.parse(decodeURIComponent(parts.get("filter") || "null"));
  } catch {
    // an address typed by hand: without its filter it still names a figure
  }
  return { figureId, nodeId: named("node"), filter, elsewhere: parts.size > 0 && !figureId && !filter };
}

// The Search tab, looking for what resembles a node.
export function similarHref(figureId, nodeId) {
  return `#search&find=${encodeURIComponent(JSON.stringify({ figure_id: figureId, node_id: nodeId }))}`;
}

// Replaces the address without an event, so that nothing is opened again.
export function writeAddress(figureId, filter) {
  const queue = Object.keys(filter).length ? `&filter=${encodeURIComponent(JSON.stringify(filter))}` : "";
  const hash = `#figure=${encodeURIComponent(figureId)}${queue}`;
  history.replaceState(history.state, "", `${location.pathname}${location.search}${hash}`);
}
