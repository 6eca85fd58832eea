// A figure's card in the grid.

import { make } from "./filters.js";

// `href` is the address that opens the figure; `showFit` tells how sure the model in use is of its worst text.
export function makeCard(item, href, showFit) {
  const card = make("div", "card");
  card.dataset.figure = item.figure_id;
  const link = make("a");
  link.href = href;
  const picture = make("span", "picture");
  const image = make("img");
  image.alt = "";
  image.decoding = "async";
  image.draggable = false;
  image.addEventListener("error", () => picture.classList.add("missing"));
  image.src = "/thumbnail/" + encodeURIComponent(item.figure_id);
  picture.append(image);
  if (item.flag_count) picture.append(chip("flags", item.flag_count + (item.flag_count === 1 ? " flag" : " flags")));
  if (showFit && item.fit !== null) {
    const fit = make("span", "fit c-num", item.fit < 0.005 ? "<1 %" : Math.round(item.fit * 100) + " %");
    fit.title = "The model in use is " + fit.textContent + " sure of the text that it doubts most";
    picture.append(fit);
  }
  if (item.lease_by) {
    const who = item.lease_by.split("#")[0];
    picture.append(make("span", "lease", who));
    picture.lastChild.title = who + " is editing this figure";
  }
  const title = make("span", "title");
  title.append(make("b", "", item.label || item.figure_id.slice(item.article_id.length + 1)), make("span", "", item.article_id));
  title.title = item.figure_id + (item.why ? "\n" + item.why : "");
  const facts = make("span", "facts");
  facts.append(chip(item.state, item.state));
  if (item.auto) {
    facts.append(chip("auto", "auto"));
    facts.lastChild.title = "Accepted without a person: not verified";
  }
  if (item.state !== "unmined") facts.append(confidence(item), counts(item));
  link.append(picture, title, facts);
  card.append(link);
  return card;
}

function chip(state, text) {
  const node = make("span", "c-chip", text);
  node.dataset.state = state;
  return node;
}

function confidence(item) {
  const node = make("span", "sure c-num", item.confidence === null ? "" : item.confidence.toFixed(2));
  if (item.confidence !== null) {
    node.title = "confidence " + item.confidence.toFixed(3);
    node.style.setProperty("--sure", item.confidence);
    node.dataset.low = item.confidence < 0.5;
  }
  return node;
}

function counts(item) {
  const node = make("span", "counts c-num");
  const named = [
    ["panel", item.panel_count],
    ["marker", item.marker_count],
    ["region", item.region_count],
  ];
  node.title = named.map(([name, n]) => n + " " + name + (n === 1 ? "" : "s")).join(", ");
  for (const [name, n] of named) if (n) node.append(make("span", name, String(n)));
  return node;
}
