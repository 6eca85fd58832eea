// The card of one panel or region that was found.

import { button, html, svg } from "../editor/dom.js";
import { cropUrl, reviewHref } from "./query.js";

const VERIFIED = new Set(["accepted", "edited"]);
export const LIKE_ICON = "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14M5 7h4M7 5v4";

export const keyOf = (hit) => `${hit.figure_id}/${hit.node_id}`;

// "Panel B", "nucleus"; its level where it has no name of its own.
export function nameOf(hit) {
  if (hit.level === "panel") return hit.label ? `Panel ${hit.label}` : "Panel";
  return hit.label || "Region";
}

// Where it stands: the figure without its article, and the panel of a region.
function placeOf(hit) {
  const figure = hit.figure_id.startsWith(`${hit.article_id}:`)
    ? hit.figure_id.slice(hit.article_id.length + 1)
    : hit.figure_id;
  return hit.level === "region" && hit.panel ? `${figure}, panel ${hit.panel}` : figure;
}

// `like(hit)` looks for what resembles it.
export function hitCard(hit, like) {
  const image = html("img", { alt: "", decoding: "async", draggable: false, src: cropUrl(hit.figure_id, hit.node_id) });
  const picture = html("span", { class: "picture" }, image, html("span", { class: "score c-num" }, hit.score.toFixed(2)));
  image.addEventListener("error", () => picture.classList.add("missing"));
  const verified = VERIFIED.has(hit.state);
  const link = html(
    "a",
    { href: reviewHref(hit.figure_id, hit.node_id), title: hit.text || null },
    picture,
    html(
      "span",
      { class: "name" },
      html("b", {}, nameOf(hit)),
      verified ? html("span", { class: "verified", title: "a person has verified it" }, "✓") : null,
      html("span", { class: "kind" }, hit.kind || ""),
    ),
    html("span", { class: "words", "data-none": !hit.text ? "true" : null }, hit.text || "no text of its own"),
    html(
      "span",
      { class: "place" },
      html("span", {}, hit.article_id),
      html("span", {}, placeOf(hit)),
      hit.stale ? html("span", { class: "stale", title: "edited since it was indexed" }, "edited") : null,
    ),
  );
  const more = button(
    "More like this (s)",
    { class: "like", tabIndex: -1, onclick: () => like(hit) },
    svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: LIKE_ICON })),
  );
  return html("div", { class: "card", "data-figure": hit.figure_id, "data-node": hit.node_id }, link, more);
}
