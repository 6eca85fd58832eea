// A search: its values, and their form in the address ("#search&find=JSON", without what is not set).
//
// {text} or {figure_id, node_id} or {picture} says what is looked for, {level, kind, verified} among which.

const WHAT = ["text", "figure_id", "node_id", "picture"];
export const ANYTHING = Object.freeze({ level: null, kind: null, verified: false });
const NAMES = [...WHAT, ...Object.keys(ANYTHING)];

const isSet = (value) => value !== null && value !== undefined && value !== false && value !== "";

export const compact = (query) => Object.fromEntries(NAMES.filter((name) => isSet(query[name])).map((name) => [name, query[name]]));

// The filters of one search with the subject of another: {text}, {figure_id, node_id} or {picture}.
export function withSubject(query, subject) {
  const { level, kind, verified } = query;
  return { level, kind, verified, ...subject };
}

export const hasSubject = (query) => WHAT.some((name) => isSet(query[name]));
export const isLike = (query) => isSet(query.figure_id) || isSet(query.picture);

export function addressOf(query) {
  const fields = compact(query);
  return "#search" + (Object.keys(fields).length ? `&find=${encodeURIComponent(JSON.stringify(fields))}` : "");
}

// The search of the address, which may be anybody's: unknown fields are dropped, wrong values are refused by the server.
export function queryOfAddress() {
  const part = location.hash.split("&").find((one) => one.startsWith("find="));
  try {
    const fields = part ? JSON.parse(decodeURIComponent(part.slice("find=".length))) : {};
    return { ...ANYTHING, ...compact(fields) };
  } catch {
    return { ...ANYTHING }; // cut off, or typed by hand
  }
}

// The picture of a node, and the address that opens it in Review.
export const cropUrl = (figureId, nodeId) =>
  new URL(`crop/${encodeURIComponent(figureId)}?node=${encodeURIComponent(nodeId)}`, document.baseURI).href;
export const pictureUrl = (token) => new URL(`search/picture/${encodeURIComponent(token)}`, document.baseURI).href;
export const reviewHref = (figureId, nodeId) =>
  `#figure=${encodeURIComponent(figureId)}&node=${encodeURIComponent(nodeId)}`;
